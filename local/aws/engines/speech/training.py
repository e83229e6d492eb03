"""A custom language model: the generic one interpolated with one that is trained on a corpus."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import corpus
import generic_model
from corpus import Vocabulary, sentences, trigram_keys
from faults import CorpusFault
from ngrams import Floats, Ids, Ngrams, interpolate
from phonemes import Phones, UnknownSoundError
from pronunciation import Pronunciations
from smoothing import Table, kneser_ney
from us_english import LANGUAGE_MODEL

USUAL_WEIGHT = 0.5
"""Of the corpus, where no tuning data says how much it is like what will be heard."""
WEIGHTS = (0.05, 0.95)
TUNING_TIMES = 2
"""As often a sentence of the tuning data counts: it is text of the very kind that will be heard."""
_ITERATIONS = 30


@dataclass(frozen=True)
class Trained:
    """N-grams over ``words``, and the words among them that the dictionary lacks, with their sounds."""

    ngrams: Ngrams
    words: list[str]
    pronunciations: dict[str, list[Phones]]
    shown: dict[str, str]
    weight: float
    """Of the corpus, from 0 to 1; the rest is the generic model's."""


def train(training: Sequence[Path], tuning: Sequence[Path], known: Pronunciations) -> Trained:
    """A model for what is said as in the training data.

    Tuning data chooses how much the corpus counts against generic English, and is then learnt from too.

    Raises:
        CorpusFault: a file is not UTF-8, or the training data holds no words.
    """
    words, generic = generic_model.read(LANGUAGE_MODEL)
    vocabulary = Vocabulary(words)
    counts = corpus.count(sentences(training), vocabulary)
    if not len(counts[0].keys):
        raise CorpusFault("The training data holds no words: it needs text, with a sentence on each line.")
    weight = USUAL_WEIGHT
    if tuning:
        tuning_ids = list(corpus.batches(sentences(tuning), vocabulary))
        weight = _best_weight(_estimate(counts, vocabulary), generic, tuning_ids, vocabulary)
        more = corpus.count(sentences(tuning), vocabulary)
        counts = counts[0] + more[0] * TUNING_TIMES, counts[1] + more[1] * TUNING_TIMES
    mixed = interpolate(_estimate(counts, vocabulary), generic.widened(len(vocabulary)), weight)
    sounds = _sounds(vocabulary, known)
    shown = {word: vocabulary.written(word) for word in sounds if word not in known}
    return Trained(mixed, vocabulary.words, sounds, shown, weight)


def _estimate(counts: tuple[Table, Table], vocabulary: Vocabulary) -> Ngrams:
    return kneser_ney(*counts, words=len(vocabulary), start=vocabulary.ids[corpus.START])


def _best_weight(trained: Ngrams, generic: Ngrams, tuning: Sequence[Ids], vocabulary: Vocabulary) -> float:
    """The weight under which the tuning data is likeliest (expectation maximisation)."""
    ours, theirs = (
        _probabilities(model.widened(len(vocabulary)), tuning, vocabulary) for model in (trained, generic)
    )
    said = ours + theirs > 0
    ours, theirs = ours[said], theirs[said]
    weight = USUAL_WEIGHT
    for _ in range(_ITERATIONS if len(ours) else 0):
        weight = float(np.mean(weight * ours / (weight * ours + (1 - weight) * theirs)))
    return float(np.clip(weight, *WEIGHTS))


def _probabilities(model: Ngrams, texts: Sequence[Ids], vocabulary: Vocabulary) -> Floats:
    """Of each word that has two others before it."""
    return np.concatenate([model.after_two(trigram_keys(ids, vocabulary)) for ids in texts] or [np.empty(0)])


def _sounds(vocabulary: Vocabulary, known: Pronunciations) -> dict[str, list[Phones]]:
    """Of the words that the dictionary lacks. A word that nobody can say, such as 東京, is never heard."""
    found = {}
    for word in vocabulary.words[vocabulary.known :]:
        if word in known:
            continue
        try:
            found[word] = known.of_word(vocabulary.written(word))
        except UnknownSoundError:
            continue
    return found
