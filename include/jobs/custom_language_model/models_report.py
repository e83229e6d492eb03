"""The report of a comparison of language models as one page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alignment import document
from pages import render
from variants import Comparison, label

TEMPLATE = Path(__file__).with_name("models_report.html")
MOST_SENTENCES = 100
"""Shown, those on which the variants differ most; the page says how many are left out."""


def page(comparison: Comparison, found: Mapping[str, Any], picture: bytes) -> str:
    """The page, as HTML that needs no other file.

    Args:
        comparison: what was heard.
        found: its document.
        picture: of the rates, as PNG.
    """
    differing = _differing(comparison)
    return render(
        TEMPLATE,
        found=found,
        labels={name: label(name) for name in comparison.names},
        picture=picture,
        shown=differing[:MOST_SENTENCES],
        left_out=len(differing[MOST_SENTENCES:]),
    )


def _differing(comparison: Comparison) -> list[dict[str, Any]]:
    """The sentences that not every variant hears alike, those with the most different counts first."""
    found = []
    for each in comparison.recordings:
        sentences = zip(*(each.errors[name].sentences for name in comparison.names), strict=True)
        for number, heard in enumerate(sentences, start=1):
            if any(sentence.pairs != heard[0].pairs for sentence in heard):
                errors = [sentence.errors for sentence in heard]
                row = {
                    "recording": each.name,
                    "number": number,
                    "errors": errors,
                    "heard": dict(zip(comparison.names, map(document, heard), strict=True)),
                }
                found.append((min(errors) - max(errors), each.name, number, row))
    return [row for *_, row in sorted(found, key=lambda item: item[:3])]
