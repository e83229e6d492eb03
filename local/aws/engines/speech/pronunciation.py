"""Pronunciations of words: by the model's dictionary, by the names of letters, by rules."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property
from itertools import chain, islice, product
from pathlib import Path

from letter_to_sound import ipa
from phonemes import Phones, UnknownSoundError, from_ipa

MAX_PRONUNCIATIONS = 4
"""Of one word or phrase: with more, it would be heard everywhere."""

_VARIANT = re.compile(r"\(\d+\)$")
_SPELLED = re.compile(r"[A-Z]{1,5}|[A-Z]{2,5}s")
_SPELLED_THOUGH_KNOWN = 2
_PIECES = re.compile(r"\d+|[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+(?:'[^\W\d_]+)?")
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class Pronunciations:
    """How words sound, in phones of the acoustic model."""

    def __init__(self, dictionary: Path) -> None:
        self.dictionary = dictionary

    def __contains__(self, word: str) -> bool:
        return word.lower() in self._entries

    @cached_property
    def _entries(self) -> dict[str, list[Phones]]:
        entries: dict[str, list[Phones]] = {}
        with self.dictionary.open(encoding="utf-8") as lines:
            for line in lines:
                word, *phones = line.split()
                entries.setdefault(_VARIANT.sub("", word), []).append(tuple(phones))
        return entries

    def of_word(self, word: str) -> list[Phones]:
        """Every way in which the word is said: by the dictionary, as letters, by its parts, or by rules.

        Capitals alone are letters, unless the dictionary has a word of three or more of them: ``US`` and
        ``EMR`` are spelled, ``SPARK`` is not.

        Raises:
            UnknownSoundError: it has nothing that can be said.
        """
        known = self._entries.get(word.lower())
        if _SPELLED.fullmatch(word) and (not known or len(word) <= _SPELLED_THOUGH_KNOWN):
            return self._spelled(word)
        if known:
            return known[:MAX_PRONUNCIATIONS]
        if word.isdecimal():
            return self._number(word)
        pieces = _PIECES.findall(word)
        return self.of_words(pieces) if len(pieces) > 1 else [self._by_rule(word)]

    def of_words(self, words: list[str]) -> list[Phones]:
        """Every way in which the words are said one after the other.

        Raises:
            UnknownSoundError: there is nothing that can be said.
        """
        return in_sequence(self.of_word(word) for word in words)

    def of_letter(self, letter: str) -> Phones:
        """The letter's name; a digit's too."""
        if letter.isdecimal():
            return self._entries[_DIGITS[int(letter)]][0]
        named = self._entries.get(f"{letter.lower()}.")
        return named[0] if named else self._by_rule(letter)

    def _spelled(self, word: str) -> list[Phones]:
        names = tuple(chain.from_iterable(self.of_letter(letter) for letter in word.removesuffix("s")))
        return [(*names, "Z") if word.endswith("s") else names]

    def _number(self, digits: str) -> list[Phones]:
        """As a number, and digit by digit."""
        one_by_one = tuple(chain.from_iterable(self.of_letter(digit) for digit in digits))
        return _unique([self._by_rule(digits), one_by_one])

    def _by_rule(self, word: str) -> Phones:
        if not unicodedata.normalize("NFKD", word).encode("ascii", "ignore").strip():
            raise UnknownSoundError(f"{word!r} is not written in Latin letters.")
        return from_ipa(ipa(word))


def in_sequence(parts: Iterable[list[Phones]]) -> list[Phones]:
    """The ways to say something whose parts can each be said in several ways, the likeliest first.

    Raises:
        UnknownSoundError: it has no parts.
    """
    ways = _unique(tuple(chain.from_iterable(way)) for way in islice(product(*parts), MAX_PRONUNCIATIONS))
    if not all(ways):
        raise UnknownSoundError("there is nothing in it to say.")
    return ways


def _unique(ways: Iterable[Phones]) -> list[Phones]:
    return list(dict.fromkeys(ways))[:MAX_PRONUNCIATIONS]
