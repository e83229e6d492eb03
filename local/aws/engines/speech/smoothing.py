"""Trigram models from counts of n-grams: interpolated Kneser-Ney smoothing.

S. F. Chen and J. Goodman, An Empirical Study of Smoothing Techniques for Language Modeling (1998), 2.7.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from ngrams import ID_BITS, MAX_WORDS, Floats, Ids, Keys, Ngrams, split

_USUAL_DISCOUNT = 0.5
_DISCOUNTS = (0.1, 0.9)


@dataclass(frozen=True)
class Table:
    """How often each n-gram of one order was seen; keys are sorted."""

    keys: Keys
    counts: Floats

    @classmethod
    def of(cls, keys: Keys) -> Self:
        """The counts of keys in any order."""
        found, counts = np.unique(keys, return_counts=True)
        return cls(found, counts.astype(np.float64))

    def __add__(self, other: Self) -> Self:
        keys, places = np.unique(np.concatenate([self.keys, other.keys]), return_inverse=True)
        counts = np.concatenate([self.counts, other.counts])
        return type(self)(keys, np.bincount(places, counts, len(keys)).astype(np.float64))

    def repeated(self) -> Self:
        """What was seen more than once."""
        kept = self.counts > 1
        return type(self)(self.keys[kept], self.counts[kept])

    def __mul__(self, times: float) -> Self:
        return type(self)(self.keys, self.counts * times)


EMPTY = Table(np.empty(0, np.int64), np.empty(0))


def kneser_ney(bigrams: Table, trigrams: Table, words: int, start: int) -> Ngrams:
    """A model of ``words`` words.

    Args:
        bigrams: of sentences with their marks of start and end.
        trigrams: of the same sentences.
        words: how many words there are; those without counts have the probability 0.
        start: the id of the mark of a sentence's start, which has nothing before it.
    """
    unigram, unigram_backoff = _unigrams(bigrams, words)
    history, last = split(bigrams.keys, 2)
    after_one, backoff_one = _discounted(history, _continuations(bigrams, trigrams, start), words)
    after_one += backoff_one[history] * unigram[last]
    history = np.searchsorted(bigrams.keys, trigrams.keys >> ID_BITS)
    after_two, backoff_two = _discounted(history, trigrams.counts, len(bigrams.keys))
    shorter = np.searchsorted(bigrams.keys, trigrams.keys & (1 << 2 * ID_BITS) - 1)
    after_two += backoff_two[history] * after_one[shorter]
    return Ngrams(
        unigram, np.where(backoff_one > 0, backoff_one, unigram_backoff), bigrams.keys, after_one,
        backoff_two, trigrams.keys, after_two,
    )  # fmt: skip


def _unigrams(bigrams: Table, words: int) -> tuple[Floats, Floats]:
    """By how many different words each is preceded, the rest shared by all that were seen."""
    last = bigrams.keys & MAX_WORDS - 1
    continuations = np.bincount(last, minlength=words).astype(np.float64)
    seen = continuations > 0
    discount = _discount(continuations[seen])
    total = continuations.sum()
    rest = discount * seen.sum() / total
    return np.where(seen, (continuations - discount) / total + rest / seen.sum(), 0.0), np.ones(words)


def _continuations(bigrams: Table, trigrams: Table, start: int) -> Floats:
    """By how many different words each bigram is preceded; a sentence's first, how often it was seen."""
    ends = np.searchsorted(bigrams.keys, trigrams.keys & (1 << 2 * ID_BITS) - 1)
    preceded = np.bincount(ends, minlength=len(bigrams.keys)).astype(np.float64)
    return np.where(bigrams.keys >> ID_BITS == start, bigrams.counts, np.maximum(preceded, 1))


def _discounted(history: Ids, counts: Floats, histories: int) -> tuple[Floats, Floats]:
    """Probabilities without what is taken off each count, and per history the share that is taken off."""
    discount = _discount(counts)
    total = np.bincount(history, counts, histories)
    kinds = np.bincount(history, minlength=histories)
    with np.errstate(invalid="ignore"):
        left = np.where(total > 0, discount * kinds / total, 1.0)
    return (counts - discount) / total[history], left


def _discount(counts: Floats) -> float:
    once, twice = np.sum(counts == 1), np.sum(counts == 2)  # noqa: PLR2004 - the estimate's own numbers
    estimate = once / (once + 2 * twice) if once else _USUAL_DISCOUNT
    return float(np.clip(estimate, *_DISCOUNTS))
