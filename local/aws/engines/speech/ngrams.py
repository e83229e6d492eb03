"""Trigram models that back off to shorter histories, as arrays.

The probability of a word after a history is stored, or it is the backoff weight of the history times the
probability after the history without its first word (Katz; the ARPA format stores models in this way).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]
"""N-grams as numbers: the word ids side by side, `ID_BITS` each, the oldest word highest."""
Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

ID_BITS = 21
MAX_WORDS = 1 << ID_BITS
_LAST = MAX_WORDS - 1
_LAST_TWO = (1 << 2 * ID_BITS) - 1
_SMALLEST = 1e-7
"""What is left to histories whose known continuations take all of the probability."""


@dataclass(frozen=True)
class Ngrams:
    """A model over words that are numbered from 0.

    All arrays of an order have one length; keys are sorted. Probabilities and weights are not logarithms.
    """

    unigrams: Floats
    unigram_backoff: Floats
    bigrams: Keys
    bigram_probabilities: Floats
    bigram_backoff: Floats
    trigrams: Keys
    trigram_probabilities: Floats

    def after_one(self, keys: Keys) -> Floats:
        """The probability of each bigram's last word after its first."""
        shorter = self.unigram_backoff[keys >> ID_BITS] * self.unigrams[keys & _LAST]
        return _stored(keys, self.bigrams, self.bigram_probabilities, shorter)

    def after_two(self, keys: Keys) -> Floats:
        """The probability of each trigram's last word after its first two."""
        ones = np.ones(len(keys))
        backoff = _stored(keys >> ID_BITS, self.bigrams, self.bigram_backoff, ones)
        shorter = backoff * self.after_one(keys & _LAST_TWO)
        return _stored(keys, self.trigrams, self.trigram_probabilities, shorter)

    def widened(self, words: int) -> Self:
        """The same model over more words, the new ones with the probability 0."""
        more = words - len(self.unigrams)
        return type(self)(
            np.concatenate([self.unigrams, np.zeros(more)]),
            np.concatenate([self.unigram_backoff, np.ones(more)]),
            self.bigrams,
            self.bigram_probabilities,
            self.bigram_backoff,
            self.trigrams,
            self.trigram_probabilities,
        )


def interpolate(first: Ngrams, second: Ngrams, weight: float) -> Ngrams:
    """One model with ``weight`` x first + (1 - ``weight``) x second for each n-gram that either stores.

    Both have the same words. What neither stores is left to backoff weights, which make the probabilities
    after each history sum to one.
    """
    trigrams = np.union1d(first.trigrams, second.trigrams)
    bigrams = np.union1d(first.bigrams, second.bigrams)
    # A trigram's history and its end must be there too, for the backoff weight and for the decoder.
    bigrams = np.union1d(bigrams, np.union1d(trigrams >> ID_BITS, trigrams & _LAST_TWO))
    after_none = weight * first.unigrams + (1 - weight) * second.unigrams
    after_one = weight * first.after_one(bigrams) + (1 - weight) * second.after_one(bigrams)
    after_two = weight * first.after_two(trigrams) + (1 - weight) * second.after_two(trigrams)
    shorter = after_one[np.searchsorted(bigrams, trigrams & _LAST_TWO)]
    return Ngrams(
        after_none,
        _backoff(bigrams >> ID_BITS, len(after_none), after_one, after_none[bigrams & _LAST]),
        bigrams,
        after_one,
        _backoff(np.searchsorted(bigrams, trigrams >> ID_BITS), len(bigrams), after_two, shorter),
        trigrams,
        after_two,
    )


def key(*ids: Ids) -> Keys:
    """The keys of n-grams, from their words' ids, the oldest word first."""
    keys = ids[0]
    for later in ids[1:]:
        keys = keys << ID_BITS | later
    return keys


def split(keys: Keys, order: int) -> list[Ids]:
    """The ids of the n-grams' words, the oldest word first."""
    return [keys >> ID_BITS * place & _LAST for place in reversed(range(order))]


def _stored(keys: Keys, known: Keys, values: Floats, otherwise: Floats) -> Floats:
    if not len(known):
        return otherwise
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[places] == keys, values[places], otherwise)


def _backoff(histories: Ids, count: int, probabilities: Floats, shorter: Floats) -> Floats:
    """What is left to other words after each history, over what they have after the shorter one."""
    left = 1 - np.bincount(histories, probabilities, count)
    theirs = 1 - np.bincount(histories, shorter, count)
    return np.maximum(left, _SMALLEST) / np.maximum(theirs, _SMALLEST)
