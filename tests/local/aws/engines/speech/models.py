"""``models.py TRAINING TUNING HELD_OUT``: how well models foresee held-out text, and whether they add up."""

import json
import sys
from pathlib import Path

import numpy as np
import pocketsphinx

import corpus
import generic_model
import ngrams
import training
from pronunciation import Pronunciations
from us_english import DICTIONARY, LANGUAGE_MODEL

training_text, tuning_text, held_out = map(Path, sys.argv[1:])
words, generic = generic_model.read(LANGUAGE_MODEL)


def perplexity(model: ngrams.Ngrams, known: list[str]) -> float:
    """Of the held-out text, over what generic English can say too."""
    vocabulary = corpus.Vocabulary(known)
    [ids] = corpus.batches(corpus.sentences([held_out]), vocabulary)
    keys = corpus.trigram_keys(ids, vocabulary)
    foreseeable = keys[np.all([part < len(words) for part in ngrams.split(keys, 3)], axis=0)]
    probabilities = model.widened(len(vocabulary)).after_two(foreseeable)
    return float(np.exp(-np.log(probabilities).mean()))


def disagreements() -> int:
    """How many of a thousand trigrams the library gives another probability than `generic_model`."""
    logarithms = pocketsphinx.LogMath()
    config = pocketsphinx.Config(hmm=None, dict=None, lm=None, loglevel="FATAL")
    theirs = pocketsphinx.NGramModel(config, logarithms, str(LANGUAGE_MODEL))
    draw = np.random.default_rng(7)
    known = generic.trigrams[draw.integers(0, len(generic.trigrams), 500)]
    unseen = ngrams.key(*draw.integers(0, 3000, (3, 500)))
    keys = np.concatenate([known, unseen])
    spoken = zip(*([words[number] for number in part] for part in ngrams.split(keys, 3)), strict=True)
    asked = [logarithms.log_to_ln(theirs.prob(list(reversed(text)))) for text in spoken]
    return int((np.abs(np.log(generic.after_two(keys)) - asked) > 0.01).sum())


def sums(model: ngrams.Ngrams) -> list[float]:
    """What the probabilities after some histories add up to."""
    everything = np.arange(len(model.unigrams))
    histories = ngrams.split(model.trigrams[::100_000], 3)[:2]
    pairs = zip(*(part.tolist() for part in histories), strict=True)
    return [
        float(
            model.after_two(
                ngrams.key(np.full_like(everything, a), np.full_like(everything, b), everything)
            ).sum()
        )
        for a, b in pairs
    ]


known = Pronunciations(DICTIONARY)
trained = training.train([training_text], [], known)
tuned = training.train([training_text], [tuning_text], known)
print(
    json.dumps(
        {
            "disagreements": disagreements(),
            "perplexity": [
                perplexity(generic, words),
                perplexity(trained.ngrams, trained.words),
                perplexity(tuned.ngrams, tuned.words),
            ],
            "weights": [trained.weight, tuned.weight],
            "sums": sums(tuned.ngrams),
            "shown": tuned.shown,
            "sounds": {word: [" ".join(way) for way in ways] for word, ways in tuned.pronunciations.items()},
        }
    )
)
