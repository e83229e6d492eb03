"""A custom vocabulary: rows of a table as words that the decoder listens for.

https://docs.aws.amazon.com/transcribe/latest/dg/custom-vocabulary-create-table.html
Transcribe itself has stopped to read the columns SoundsLike and IPA. Here they decide how a row sounds.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from faults import VocabularyFault
from phonemes import Phones, UnknownSoundError, from_ipa
from pronunciation import Pronunciations, in_sequence

_LETTERS = re.compile(r"(?:[^\W\d_]\.)+")


@dataclass(frozen=True)
class Term:
    """A row of the table as one word of the decoder: its name there, its sounds, and what is shown."""

    name: str
    pronunciations: list[Phones]
    shown: str
    word: str | None
    """The word of the dictionary that the phrase is, which is then shown like it; or None."""


def terms(rows: Iterable[Mapping[str, str | None]], pronunciations: Pronunciations) -> list[Term]:
    """One term for each row, in the order of the table.

    Each is a word of its own, also where the dictionary has the phrase: a row's sounds and its display form
    are then the row's, and a phrase of several words is one item of the transcript, as in Transcribe.

    Args:
        rows: ``phrase``, ``sounds_like``, ``ipa``, ``display_as``; empty or None where not given.
        pronunciations: of words for which a row gives no sounds.

    Raises:
        VocabularyFault: a row's IPA, or a word of it, has no sound of US English.
    """
    return [_term(number, row, pronunciations) for number, row in enumerate(rows, 1)]


def _term(number: int, row: Mapping[str, str | None], pronunciations: Pronunciations) -> Term:
    phrase = row["phrase"] or ""
    word = phrase.lower()
    parts = [part for part in phrase.split("-") if part]
    try:
        sounds = _sounds(row, parts, pronunciations)
    except UnknownSoundError as error:
        raise VocabularyFault(
            f"Row {number} of the vocabulary ({phrase}) cannot be pronounced: {error}"
        ) from None
    return Term(
        name=f"#{number}",
        pronunciations=sounds,
        shown=row.get("display_as") or " ".join(parts),
        word=word if word in pronunciations and sounds == pronunciations.of_word(word) else None,
    )


def _sounds(row: Mapping[str, str | None], parts: list[str], pronunciations: Pronunciations) -> list[Phones]:
    if ipa := row.get("ipa"):
        return [from_ipa(ipa)]
    if sounds_like := row.get("sounds_like"):
        return pronunciations.of_words([syllable for syllable in sounds_like.split("-") if syllable])
    before = ["", *parts]
    return in_sequence(_part(part, last, pronunciations) for part, last in zip(parts, before, strict=False))


def _part(part: str, last: str, pronunciations: Pronunciations) -> list[Phones]:
    """A word, or letters that are said by their names; ``A.B.C.-s`` is their plural."""
    if _LETTERS.fullmatch(part):
        return in_sequence([pronunciations.of_letter(letter)] for letter in part if letter != ".")
    if part == "s" and _LETTERS.fullmatch(last):
        return [("Z",)]
    return pronunciations.of_word(part)
