"""What a vocabulary has changed: word errors and technical terms, before and after.

Both are measured on normalised texts. A term counts as transcribed only where it was said: an occurrence in
the reference is right when all of its words stand in their place in the alignment and nothing between them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from word_errors import Sentence, align, normalise

WHEN = ("before", "after")
SPLITS = ("in_sample", "out_sample")
COUNTS = ("words", "errors_before", "errors_after", "spoken", "right_before", "right_after")
RATES = ("wer_before", "wer_after", "wer_change", "terms_before", "terms_after")


@dataclass(frozen=True)
class File:
    """A reference and what was heard of it without and with the vocabulary.

    In-sample files are those whose words people were asked about.
    """

    name: str
    reference: str
    before: str
    after: str
    in_sample: bool


@dataclass(frozen=True)
class Terms:
    """Technical terms as they are displayed; where one is a part of another, the longer one is found."""

    displayed: Sequence[str]

    @cached_property
    def _by_words(self) -> Mapping[tuple[str, ...], str]:
        return {tuple(words): term for term in self.displayed if (words := normalise(term).split())}

    @cached_property
    def _lengths(self) -> Sequence[int]:
        return sorted({len(words) for words in self._by_words}, reverse=True)

    def spoken(self, words: Sequence[str]) -> list[tuple[int, int, str]]:
        """First word, the one behind the last, and the term, of each occurrence among normalised words."""
        found, index = [], 0
        while index < len(words):
            length, term = self._at(words, index)
            if term is not None:
                found.append((index, index + length, term))
            index += length
        return found

    def _at(self, words: Sequence[str], index: int) -> tuple[int, str | None]:
        for length in self._lengths:
            following = tuple(words[index : index + length])  # fewer of them at the end of the text
            if term := self._by_words.get(following):
                return len(following), term
        return 1, None


def document(files: Iterable[File], terms: Sequence[str]) -> dict[str, Any]:
    """Everything about the files, taken one by one, for JSON.

    Returns:
        The rates that `metrics` gives, or None where there is nothing to take a share of; ``in_sample`` and
        ``out_sample``, the same rates with the counts behind them; ``files``, with theirs; and ``terms``, how
        often each was spoken and how often it was right. ``wer_change`` is relative to the rate before.

    Raises:
        ValueError: a reference has no words; the message names the file.
    """
    known = Terms(terms)
    rows: list[dict[str, Any]] = []
    by_term: dict[str, Counter[str]] = {}
    for file in files:
        counts, found = _measure(file, known)
        rows.append({"name": file.name, "in_sample": file.in_sample, **_rates(counts)})
        split = SPLITS[not file.in_sample]
        for term, name in found:
            by_term.setdefault(term, Counter())[f"{name}_{split}"] += 1
    splits = {
        split: _rates(_sum(row for row in rows if row["in_sample"] is (split == "in_sample")))
        for split in SPLITS
    }
    flat = {f"{name}_{split}": splits[split][name] for split in SPLITS for name in RATES}
    return {**flat, **splits, "files": rows, "terms": _term_rows(by_term)}


def metrics(found: Mapping[str, Any]) -> dict[str, float]:
    """The flat numbers of a document: ``wer_before_in_sample``, ..., ``wer_change_out_sample``.

    A rate that does not exist, as of a split without files, is not among them.
    """
    return {name: value for name, value in found.items() if isinstance(value, float)}


def _measure(file: File, terms: Terms) -> tuple[Counter[str], list[tuple[str, str]]]:
    """The file's counts, and each occurrence of a term: (term, ``spoken`` or ``right_...``)."""
    reference = normalise(file.reference)
    if not reference:
        raise ValueError(f"The reference of {file.name!r} has no words: an error rate is a share of them.")
    occurrences = terms.spoken(reference.split())
    counts = Counter({"words": len(reference.split()), "spoken": len(occurrences)})
    found = [(term, "spoken") for _, _, term in occurrences]
    for when, text in zip(WHEN, (file.before, file.after), strict=True):
        alignment = align(reference, normalise(text))
        right = _right(alignment, occurrences)
        counts.update({f"errors_{when}": alignment.errors, f"right_{when}": len(right)})
        found += [(term, f"right_{when}") for term in right]
    return counts, found


def _right(alignment: Sentence, occurrences: Sequence[tuple[int, int, str]]) -> list[str]:
    """The terms of those occurrences whose words were heard, and nothing between them."""
    places = [index for index, (reference, _) in enumerate(alignment.pairs) if reference is not None]
    return [
        term
        for start, end, term in occurrences
        if all(said == heard for said, heard in alignment.pairs[places[start] : places[end - 1] + 1])
    ]


def _sum(rows: Iterable[Mapping[str, Any]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for row in rows:
        total.update({name: row[name] for name in COUNTS})
    return total


def _rates(counts: Counter[str]) -> dict[str, Any]:
    each = {name: counts[name] for name in COUNTS}
    rates = {f"wer_{when}": _share(counts[f"errors_{when}"], counts["words"]) for when in WHEN}
    terms = {f"terms_{when}": _share(counts[f"right_{when}"], counts["spoken"]) for when in WHEN}
    change = _share(counts["errors_after"] - counts["errors_before"], counts["errors_before"])
    return {**each, **rates, "wer_change": change, **terms}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _term_rows(by_term: Mapping[str, Counter[str]]) -> list[dict[str, Any]]:
    """The terms that were said, the most frequent first."""
    names = [f"{name}_{split}" for split in SPLITS for name in ("spoken", "right_before", "right_after")]
    rows = [{"term": term, **{name: counts[name] for name in names}} for term, counts in by_term.items()]
    return sorted(rows, key=lambda row: (-row["spoken_in_sample"] - row["spoken_out_sample"], row["term"]))
