"""Word error rates of a transcript against its reference, and where each error stands.

With S substitutions, D deletions and I insertions on a shortest way from the N words of the reference to the
hypothesis, and H words that match:

- word error rate, WER = (S + D + I) / N, which may be above 1
- word recognition rate, WRR = H / N
- sentence error rate, SER = sentences with an error / sentences

Two ways to see the words. As they are: lines are paired, lower-cased and split on spaces, so punctuation and
speaker labels count. Normalised: the lines of each text are joined, and punctuation does not count.
"""

import re
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import jiwer

Pair = tuple[str | None, str | None]
"""A word of the reference and what was heard in its place."""
COUNTS = ("words", "matches", "substitutions", "deletions", "insertions", "errors")
LABEL = re.compile(r"^(\S+ :)(?=\S)")
"""A speaker's label that the first word sticks to: ``Agent :x``."""


class LinesDifferError(ValueError):
    """The two texts cannot be paired line by line."""


@dataclass(frozen=True)
class Sentence:
    """A sentence of the reference beside what was heard.

    ``pairs`` are in order: equal words, a substitution, ``(word, None)`` for a deletion and ``(None, word)``
    for an insertion.
    """

    pairs: Sequence[Pair]

    @property
    def words(self) -> int:
        """N, of the reference."""
        return sum(reference is not None for reference, _ in self.pairs)

    @property
    def matches(self) -> int:
        """H."""
        return sum(reference == heard for reference, heard in self.pairs)

    @property
    def substitutions(self) -> int:
        """S."""
        return sum(None not in pair and pair[0] != pair[1] for pair in self.pairs)

    @property
    def deletions(self) -> int:
        """D: words of the reference that were not heard."""
        return sum(heard is None for _, heard in self.pairs)

    @property
    def insertions(self) -> int:
        """I: words that were heard and are not in the reference."""
        return sum(reference is None for reference, _ in self.pairs)

    @property
    def errors(self) -> int:
        """S + D + I."""
        return self.substitutions + self.deletions + self.insertions

    def counts(self) -> dict[str, int]:
        """All of them by name."""
        return {name: getattr(self, name) for name in COUNTS}


@dataclass(frozen=True)
class WordErrors:
    """The errors of a whole text, sentence by sentence."""

    sentences: Sequence[Sentence]

    @cached_property
    def counts(self) -> dict[str, int]:
        """Of all sentences together: words, matches, substitutions, deletions, insertions, errors."""
        each = [sentence.counts() for sentence in self.sentences]
        return {name: sum(counts[name] for counts in each) for name in COUNTS}

    @cached_property
    def wrong_sentences(self) -> int:
        """Sentences with an error."""
        return sum(sentence.errors > 0 for sentence in self.sentences)

    @property
    def wer(self) -> float:
        """Word error rate."""
        return self.counts["errors"] / self.counts["words"]

    @property
    def wrr(self) -> float:
        """Word recognition rate."""
        return self.counts["matches"] / self.counts["words"]

    @property
    def ser(self) -> float:
        """Sentence error rate."""
        return self.wrong_sentences / len(self.sentences)

    def document(self) -> dict[str, Any]:
        """Rates, counts, and each sentence with its pairs of words, for JSON."""
        rates = {"wer": self.wer, "wrr": self.wrr, "ser": self.ser}
        sentences = [{**sentence.counts(), "pairs": sentence.pairs} for sentence in self.sentences]
        return {**rates, **self.counts, "sentences": sentences}


def compare(reference: str, hypothesis: str, *, normalised: bool = False) -> WordErrors:
    """The errors of a hypothesis.

    Args:
        reference: what was said, a sentence on each line.
        hypothesis: what was heard. Lines that are blank in one text have to be in the other, or have to go
            from both.
        normalised: whether to join the lines of each text and leave punctuation out.

    Raises:
        LinesDifferError: the texts have different numbers of lines.
        ValueError: the reference has no words.
    """
    if normalised:
        reference, hypothesis = normalise(reference), normalise(hypothesis)
    if not reference.split():
        raise ValueError("The reference has no words: an error rate is a share of them.")
    pairs = _paired(reference.splitlines(), hypothesis.splitlines())
    return WordErrors([align(reference, heard) for reference, heard in pairs])


def align(reference: str, heard: str) -> Sentence:
    """Two texts as they are, word by word, on a shortest way from one to the other."""
    output = jiwer.process_words(reference, heard)
    (said,), (words,) = output.references, output.hypotheses
    pairs: list[Pair] = []
    for chunk in output.alignments[0]:
        left: list[str | None] = [*said[chunk.ref_start_idx : chunk.ref_end_idx]]
        right: list[str | None] = [*words[chunk.hyp_start_idx : chunk.hyp_end_idx]]
        longest = max(len(left), len(right))
        pairs += zip(left or [None] * longest, right or [None] * longest, strict=True)
    return Sentence(pairs)


def kind(pair: Pair) -> str:
    """``match``, ``substitution``, ``deletion`` or ``insertion``."""
    reference, heard = pair
    if heard is None:
        return "deletion"
    if reference is None:
        return "insertion"
    return "match" if reference == heard else "substitution"


def normalise(text: str) -> str:
    r"""Lines joined, lower case, one space between words, no punctuation (Unicode's categories P).

    >>> normalise("An EC2 instance,\n  isn't it?")
    'an ec2 instance isnt it'
    """
    return " ".join(text.translate(_punctuation()).lower().split())


@cache
def _punctuation() -> dict[int, None]:
    """For ``str.translate``, which is fast enough for corpora."""
    codes = range(sys.maxunicode + 1)
    return {code: None for code in codes if unicodedata.category(chr(code)).startswith("P")}


def _paired(reference: Sequence[str], heard: Sequence[str]) -> list[tuple[str, str]]:
    if len(reference) != len(heard):
        reference, heard = ([line for line in lines if line.strip()] for lines in (reference, heard))
        heard = heard or [""] * len(reference)  # Nothing was heard of any of them.
    if len(reference) != len(heard):
        raise LinesDifferError(
            f"The reference has {len(reference)} lines with words, the hypothesis {len(heard)}: "
            "give each sentence its line in both, or compare them normalised, as one text each."
        )
    pairs = zip(map(_as_is, reference), map(_as_is, heard), strict=True)
    return [pair for pair in pairs if any(pair)]


def _as_is(line: str) -> str:
    return LABEL.sub(r"\1 ", " ".join(line.lower().split()))
