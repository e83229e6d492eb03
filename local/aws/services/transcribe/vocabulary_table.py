"""Custom vocabularies as text: what the service accepts, and the rows that the engine gets.

Tables: https://docs.aws.amazon.com/transcribe/latest/dg/custom-vocabulary-create-table.html
Lists: https://docs.aws.amazon.com/transcribe/latest/dg/custom-vocabulary-create-list.html
Characters: https://docs.aws.amazon.com/transcribe/latest/dg/charsets.html

AWS ignores ``SoundsLike`` and ``IPA`` by now. The local engine uses both: they are how a person tells it the
sound of a word, which Transcribe's own models guess better.
"""

import re
from collections.abc import Iterable, Sequence

COLUMNS = {"Phrase": "phrase", "SoundsLike": "sounds_like", "IPA": "ipa", "DisplayAs": "display_as"}
MAX_LENGTH = 256
INVALID = (
    "The vocabulary that you're trying to create contains invalid characters or incorrectly formatted terms. "
    "See the developer guide for more information."
)
# English: letters, the apostrophe, the hyphen between words and the period after a spelled letter.
_ENGLISH = re.compile(r"[A-Za-z'.-]+")
_SPACED_INITIALS = re.compile(r"(?:^|-)(?:[A-Za-z]\.)+[A-Za-z](?=-|$)")

Row = dict[str, str]


class VocabularyError(ValueError):
    """A vocabulary breaks a rule. AWS says `INVALID` and no more; the message adds what, and where."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{INVALID} {problem}")


def of_table(text: str, language: str) -> list[Row]:
    """The rows of a table with the columns of `COLUMNS`, in any order, separated by tabs.

    Raises:
        VocabularyError: with the first rule that is broken.
    """
    header, *lines = text.removeprefix("\ufeff").splitlines() or [""]
    names = header.split("\t")
    if sorted(names) != sorted(COLUMNS):
        raise VocabularyError(
            f"Row 1 must be the header {', '.join(COLUMNS)}, separated by tabs, and is {header[:100]!r}."
        )
    rows = [_row(number, names, line, language) for number, line in enumerate(lines, 2) if line.strip(" \r")]
    return _checked(rows)


def of_list(phrases: Sequence[str], language: str) -> list[Row]:
    """The rows of a list of phrases.

    Raises:
        VocabularyError: as for `of_table`.
    """
    for number, phrase in enumerate(phrases, 1):
        _check_phrase(number, phrase, language)
    return _checked(rows_of(phrases))


def rows_of(phrases: Iterable[str]) -> list[Row]:
    """A row for each phrase, unchecked."""
    return [dict.fromkeys(COLUMNS.values(), "") | {"phrase": phrase} for phrase in phrases]


def as_text(rows: Iterable[Row]) -> str:
    """A table of these rows."""
    lines = ["\t".join(COLUMNS), *("\t".join(row[name] for name in COLUMNS.values()) for row in rows)]
    return "\n".join(lines) + "\n"


def _row(number: int, names: Sequence[str], line: str, language: str) -> Row:
    cells = line.split("\t")
    if len(cells) != len(names):
        raise VocabularyError(f"Row {number} has {len(cells)} columns instead of {len(names)}.")
    for name, cell in zip(names, cells, strict=True):
        if cell != cell.strip():
            raise VocabularyError(f"Row {number}, {name}: {cell!r} begins or ends with a blank.")
        if len(cell) > MAX_LENGTH:
            raise VocabularyError(f"Row {number}, {name}: {len(cell)} characters; the limit is {MAX_LENGTH}.")
    row = {COLUMNS[name]: cell for name, cell in zip(names, cells, strict=True)}
    _check_phrase(number, row["phrase"], language)
    if row["sounds_like"] and row["ipa"]:
        raise VocabularyError(f"Row {number} has both SoundsLike and IPA: give one of them.")
    if " " in row["sounds_like"]:
        raise VocabularyError(
            f"Row {number}, SoundsLike: {row['sounds_like']!r} has a blank: put hyphens between syllables."
        )
    return row


def _check_phrase(number: int, phrase: str, language: str) -> None:
    where = f"Row {number}, Phrase:"
    if not phrase.strip():
        raise VocabularyError(f"{where} is empty, and every row needs one.")
    if len(phrase) > MAX_LENGTH:
        raise VocabularyError(f"{where} {len(phrase)} characters; the limit is {MAX_LENGTH}.")
    if re.search(r"\s", phrase):
        raise VocabularyError(f"{where} {phrase!r} has a blank: put hyphens between words.")
    if re.search(r"\d", phrase):
        raise VocabularyError(f"{where} {phrase!r} has digits: spell numbers out.")
    if phrase[0] in "-." or phrase[-1] == "-" or "--" in phrase:
        raise VocabularyError(f"{where} {phrase!r} has a hyphen or period that joins nothing.")
    if language.startswith("en-"):
        _check_english(where, phrase)


def _check_english(where: str, phrase: str) -> None:
    if not _ENGLISH.fullmatch(phrase):
        wrong = sorted(set(_ENGLISH.sub("", phrase)))
        raise VocabularyError(f"{where} {phrase!r} has characters that English has not: {' '.join(wrong)}.")
    if _SPACED_INITIALS.search(phrase):
        raise VocabularyError(f"{where} {phrase!r} lacks the period after the last letter of an acronym.")


def _checked(rows: list[Row]) -> list[Row]:
    if not rows:
        raise VocabularyError("There are no rows.")
    seen: set[str] = set()
    for row in rows:
        if row["phrase"] in seen:
            raise VocabularyError(f"The phrase {row['phrase']!r} occurs twice.")
        seen.add(row["phrase"])
    return rows
