"""Which characters Amazon Transcribe takes in a custom vocabulary, by language.

The sets stand in ``character_sets.json``, as https://docs.aws.amazon.com/transcribe/latest/dg/charsets.html
lists them by code point. Two of its slips are read as they must be meant: the codes of Hindi's IPA symbols
are decimal there, and one code of the Spanish table stands beside another letter.
"""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DATA = Path(__file__).with_name("character_sets.json")
ADDRESS = "https://docs.aws.amazon.com/transcribe/latest/dg/charsets.html"


class UnknownLanguageError(ValueError):
    """The characters of a language are not known here."""


@dataclass(frozen=True)
class CharacterSet:
    """Characters of the columns Phrase and SoundsLike, and symbols of the column IPA.

    A symbol may be several code points. Two code points that look like one character of the set are not that
    character.
    """

    phrase: frozenset[str]
    ipa: frozenset[str]

    def composed(self, text: str) -> str:
        """The text with each character of the set as the code point that is in the set."""
        for character in self.phrase:
            if (parts := unicodedata.normalize("NFD", character)) != character:
                text = text.replace(parts, character)
        return text


def character_set(language: str) -> CharacterSet:
    """The set of a language code such as ``en-US``.

    Raises:
        UnknownLanguageError: it is not among the known ones, which the message lists.
    """
    known = _sets()
    if language not in known:
        raise UnknownLanguageError(
            f"The characters of the language {language!r} are not known: the known languages are "
            f"{', '.join(sorted(known))}. Add its set from {ADDRESS} to {DATA.name}."
        )
    return known[language]


@cache
def _sets() -> Mapping[str, CharacterSet]:
    sets = json.loads(DATA.read_text(encoding="utf-8"))["sets"].values()
    return {
        language: CharacterSet(frozenset(each["phrase"]), frozenset(each["ipa"].split()))
        for each in sets
        for language in each["languages"]
    }
