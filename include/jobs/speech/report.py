"""The report of a transcript improvement as one page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alignment import by_sentence, document
from pages import render
from rates import File
from windows import TaskCount
from word_errors import Sentence

TEMPLATE = Path(__file__).with_name("improvement_report.html")
MOST_CHANGES = 200
"""Sentences shown, those with the largest change; the page says how many are left out."""


@dataclass(frozen=True)
class Change:
    """A sentence of a reference that is heard otherwise with the vocabulary."""

    file: str
    number: int
    before: Sentence
    after: Sentence

    @property
    def fewer(self) -> int:
        """Errors less than before; negative where there are more."""
        return self.before.errors - self.after.errors


@dataclass(frozen=True)
class Improvement:
    """What the page shows.

    ``facts`` are shown as they are, ``rates`` is a document of `rates.document`, and ``plots`` are PNG
    by their captions.
    """

    title: str
    rates: Mapping[str, Any]
    facts: Mapping[str, object] = field(default_factory=dict)
    threshold: float | None = None
    counts: Sequence[TaskCount] = ()
    plots: Mapping[str, bytes] = field(default_factory=dict)
    changes: Sequence[Change] = ()


def changes(file: File) -> list[Change]:
    """The sentences that are heard otherwise, by lines of the reference, in their order.

    Raises:
        ValueError: the reference has no words.
    """
    before, after = (by_sentence(file.reference, text).sentences for text in (file.before, file.after))
    return [
        Change(file.name, number, *pair)
        for number, pair in enumerate(zip(before, after, strict=True), start=1)
        if pair[0].pairs != pair[1].pairs
    ]


def page(found: Improvement) -> str:
    """The page, as HTML that needs no other file."""
    largest = sorted(found.changes, key=lambda change: (-abs(change.fewer), change.file, change.number))
    shown = [
        {
            "file": change.file,
            "number": change.number,
            "fewer": change.fewer,
            "before": document(change.before),
            "after": document(change.after),
        }
        for change in largest[:MOST_CHANGES]
    ]
    left_out = len(largest) - len(shown)
    return render(TEMPLATE, found=found, shown=shown, left_out=left_out)
