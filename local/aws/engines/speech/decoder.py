"""Speech to words, by pocketsphinx and its model of US English.

https://pocketsphinx.readthedocs.io/en/latest/pocketsphinx.html
"""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import pocketsphinx

from alternatives import Alternative, alternatives
from language_model import LanguageModel
from media import Pcm
from phonemes import Phones
from us_english import ACOUSTIC_MODEL, DICTIONARY
from vocabulary import Term

FRAMES_PER_SECOND = 100
TERM_WEIGHT = 1000.0
"""How many times likelier a term of a vocabulary is than a word of uniform probability.

Terms of machine learning were said 28 times in 25 sentences: 20 were heard with a weight of 100, 21 with
1,000. In 19 sentences of everyday speech none was heard, also not with 10,000.
"""
HYPOTHESES = 100
"""As many are looked through for the alternatives of each word."""


@dataclass(frozen=True)
class Word:
    """One word that was heard. ``start`` and ``end`` are in seconds from the utterance's beginning."""

    text: str
    start: float
    end: float
    confidence: float
    """The posterior probability that it was said here, from 0 to 1."""
    alternatives: list[Alternative] = field(default_factory=list)
    """What else it may be, the word itself first."""


class Decoder:
    """Hears utterances one by one; keeps nothing of an utterance for the next."""

    def __init__(self, model: LanguageModel, vocabulary: Iterable[Term] = ()) -> None:
        terms = list(vocabulary)
        words = [(term.name, term.pronunciations) for term in terms]
        self._shown = dict(model.shown)
        self._shown |= {term.word: term.shown for term in terms if term.word}
        self._shown |= {term.name: term.shown for term in terms}
        self._decoder = _pocketsphinx([*model.pronunciations.items(), *words])
        self._listen_for(terms, model)

    def _listen_for(self, terms: list[Term], model: LanguageModel) -> None:
        decoder = self._decoder
        ngrams = pocketsphinx.NGramModel(decoder.config, decoder.logmath, str(model.path))
        for term in terms:
            ngrams.add_word(term.name, TERM_WEIGHT)
        decoder.add_lm("words", ngrams)
        decoder.activate_search("words")

    def words(self, pcm: Pcm, alternatives_wanted: int = 1) -> list[Word]:
        """What was said in an utterance; nothing where it holds no speech.

        Args:
            pcm: the utterance.
            alternatives_wanted: how many alternatives each word has at most, itself included.
        """
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, full_utt=True)
        self._decoder.end_utt()
        if self._decoder.hyp() is None:
            return []
        heard = [segment for segment in self._decoder.seg() if not _is_filler(segment.word)]
        others = self._hypotheses() if alternatives_wanted > 1 else iter(())
        found = alternatives(
            [(self._text(segment.word), min(segment.prob, 1.0)) for segment in heard],
            others,
            alternatives_wanted,
        )
        return [self._word(segment, choices) for segment, choices in zip(heard, found, strict=True)]

    def _hypotheses(self) -> Iterator[list[str]]:
        for hypothesis in islice(self._decoder.nbest(), HYPOTHESES):
            yield [self._text(word) for word in hypothesis.hypstr.split() if not _is_filler(word)]

    def _word(self, segment: pocketsphinx.Segment, choices: list[Alternative]) -> Word:
        return Word(
            self._text(segment.word),
            segment.start_frame / FRAMES_PER_SECOND,
            (segment.end_frame + 1) / FRAMES_PER_SECOND,
            choices[0].confidence,
            choices,
        )

    def _text(self, word: str) -> str:
        """What is shown for a word of the dictionary, which numbers its pronunciations: ``read(2)``."""
        name = word.partition("(")[0]
        return self._shown.get(name, name)


def _pocketsphinx(words: Iterable[tuple[str, list[Phones]]]) -> pocketsphinx.Decoder:
    """A decoder with more words in its dictionary, which is read from a file."""
    with tempfile.NamedTemporaryFile("w", suffix=".dict", encoding="utf-8") as dictionary:
        dictionary.write(DICTIONARY.read_text(encoding="utf-8"))
        for word, pronunciations in words:
            for number, phones in enumerate(pronunciations, 1):
                name = word if number == 1 else f"{word}({number})"
                dictionary.write(f"{name} {' '.join(phones)}\n")
        dictionary.flush()
        return pocketsphinx.Decoder(hmm=str(ACOUSTIC_MODEL), dict=dictionary.name, lm=None, loglevel="FATAL")


def _is_filler(word: str) -> bool:
    """Silence, noise, and the ends of sentences."""
    return word.startswith(("<", "["))
