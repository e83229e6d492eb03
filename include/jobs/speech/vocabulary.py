"""The table of a custom vocabulary, as Amazon Transcribe reads it.

UTF-8 text, lines that end in LF, four columns with a tab between them and a header that names them in any
order; of the columns only Phrase needs a value:
https://docs.aws.amazon.com/transcribe/latest/dg/custom-vocabulary-create-table.html. A table has at most
50 KB, a value 256 characters: https://docs.aws.amazon.com/transcribe/latest/dg/custom-vocabulary.html.

Today AWS ignores SoundsLike and IPA but still takes a table that has them; other engines use them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from character_sets import ADDRESS, CharacterSet, character_set

COLUMNS = ("Phrase", "SoundsLike", "IPA", "DisplayAs")
MAX_BYTES = 50 * 1024
MAX_CHARACTERS = 256
SHOWN_CHARACTERS = 40
"""How much of a value a sentence quotes."""
NO_LAST_PERIOD = re.compile(r"([A-Za-z]\.)+[A-Za-z]")


class TableError(ValueError):
    """The text is not a table of four columns."""


@dataclass(frozen=True)
class Row:
    """A term: how it is spoken, how that sounds (one of two ways), and how it is written."""

    phrase: str
    sounds_like: str = ""
    ipa: str = ""
    display_as: str = ""

    @property
    def shown(self) -> str:
        """What stands in a transcript: Phrase where DisplayAs is empty."""
        return self.display_as or self.phrase


@dataclass(frozen=True)
class Problem:
    """A broken rule. Row 1 is the header, row 0 the table as a whole; a row as a whole has no column."""

    row: int
    column: str
    rule: str

    def __str__(self) -> str:
        row = f"Row {self.row}" if self.row else "The table"
        return f"{row}, column {self.column}, {self.rule}." if self.column else f"{row} {self.rule}."


def parse(text: str) -> list[Row]:
    """The rows of a table, its columns in whatever order the header has.

    Raises:
        TableError: it has not four columns throughout. Other rules are those of ``problems``.
    """
    header, *lines = _lines(text)
    broken = [*_header_problems(header), *_structure_problems(lines)]
    if broken:
        more = f" There are {len(broken) - 1} more such problems." if len(broken) > 1 else ""
        raise TableError(f"{broken[0]}{more}")
    return [_row(header, line) for line in lines]


def render(rows: Sequence[Row]) -> str:
    """The table of these rows; the same rows give the same text.

    Raises:
        ValueError: a value has a tab or a line end, which would make columns or rows of it.
    """
    lines = [COLUMNS, *((row.phrase, row.sounds_like, row.ipa, row.display_as) for row in rows)]
    for value in (value for line in lines for value in line):
        if re.search(r"[\t\n\r]", value):
            raise ValueError(f"{_quoted(value)} has a tab or a line end: a value of a table cannot.")
    return "".join("\t".join(line) + "\n" for line in lines)


def merge(live: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """The live table with the new terms after it, both in their order.

    A row of ``new`` is left out where a row before it has its Phrase or what it shows, whatever the case of
    letters. So the live row stays as it is: a person may have respelled its Phrase, or changed what it shows.
    """
    merged = list(live)
    taken = {key for row in live for key in _keys(row)}
    for row in new:
        if taken.isdisjoint(keys := _keys(row)):
            merged.append(row)
            taken |= keys
    return merged


def problems(text: str, language: str) -> list[Problem]:
    """Every rule that a table breaks, row by row; none where Transcribe should accept it.

    Args:
        text: the table.
        language: a language code such as ``en-US``.

    Raises:
        UnknownLanguageError: the characters of the language are not known here.
    """
    allowed = character_set(language)
    header, *lines = _lines(text)
    found = [*_file_problems(text, lines), *_header_problems(header)]
    if sorted(header.split("\t")) != sorted(COLUMNS):
        return found
    first: dict[str, int] = {}
    for number, line in enumerate(lines, start=2):
        broken = list(_structure_problems([line], number))
        if not broken:
            row = _row(header, line)
            broken = [*_row_problems(row, number, allowed, language), *_repeated(row, number, first)]
        found += broken
    return found


def _lines(text: str) -> list[str]:
    lines = text.removeprefix("\ufeff").split("\n")
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def _row(header: str, line: str) -> Row:
    values = dict(zip(header.split("\t"), line.split("\t"), strict=True))
    return Row(*(values[name] for name in COLUMNS))


def _keys(row: Row) -> set[tuple[str, str]]:
    return {("phrase", row.phrase.casefold()), ("shown", row.shown.casefold())}


def _file_problems(text: str, lines: Sequence[str]) -> Iterator[Problem]:
    if (size := len(text.encode())) > MAX_BYTES:
        yield Problem(0, "", f"has {size} bytes, at most {MAX_BYTES} are allowed: split it or remove rows")
    if text.startswith("\ufeff"):
        yield Problem(1, "", "begins with a byte order mark: save the table as UTF-8 without one")
    if "\r" in text:
        row = text[: text.index("\r")].count("\n") + 1
        yield Problem(row, "", "has a carriage return: save the table with LF line ends")
    if not lines:
        yield Problem(0, "", "has no row below its header: add a term")


def _header_problems(header: str) -> Iterator[Problem]:
    names = header.split("\t")
    if sorted(names) != sorted(COLUMNS):
        yield Problem(
            1, "", f"has the columns {_quoted(names)}: name {', '.join(COLUMNS)}, with a tab between them"
        )


def _structure_problems(lines: Sequence[str], start: int = 2) -> Iterator[Problem]:
    for number, line in enumerate(lines, start):
        if not line.strip(" "):
            yield Problem(number, "", "is blank: delete it")
        elif (count := line.count("\t") + 1) != len(COLUMNS):
            yield Problem(
                number,
                "",
                f"has {count} column{'s' * (count > 1)}, {len(COLUMNS)} are needed: put a tab between "
                "columns, also between empty ones",
            )


def _row_problems(row: Row, number: int, allowed: CharacterSet, language: str) -> Iterator[Problem]:
    for column, value in zip(COLUMNS, (row.phrase, row.sounds_like, row.ipa, row.display_as), strict=True):
        if len(value) > MAX_CHARACTERS:
            rule = f"has {len(value)} characters, at most {MAX_CHARACTERS} are allowed: shorten it"
            yield Problem(number, column, rule)
    if not row.phrase:
        yield Problem(number, "Phrase", "is empty: give the term as it is spoken")
    for column, value in (("Phrase", row.phrase), ("SoundsLike", row.sounds_like)):
        yield from (Problem(number, column, rule) for rule in _spelling_rules(value, allowed, language))
    if row.sounds_like and row.ipa:
        yield Problem(number, "IPA", "is filled beside SoundsLike: keep one of the two")
    elif rule := _ipa_rule(row.ipa, allowed, language):
        yield Problem(number, "IPA", rule)
    if row.display_as != row.display_as.strip():
        rule = f"has spaces around {_quoted(row.display_as.strip())}: delete them"
        yield Problem(number, "DisplayAs", rule)


def _spelling_rules(value: str, allowed: CharacterSet, language: str) -> Iterator[str]:
    if " " in value:
        joined = "-".join(value.split())
        yield f"has a space in {_quoted(value)}: join words by hyphens, as in {_quoted(joined)}"
    if any(character.isdecimal() for character in value):
        yield f"has digits in {_quoted(value)}: spell numbers as words, as in 'E.C.-Two'"
    others = {c for c in value if not c.isdecimal()} - allowed.phrase - {" "}
    if others and not set(allowed.composed(value)) - allowed.phrase - {" "}:
        yield f"has decomposed characters in {_quoted(value)}: give each letter as one code point (NFC)"
    elif others:
        names = ", ".join(f"{c!r} ({_codes(c)})" for c in sorted(others))
        yield f"has {names}, which {language} does not allow: use only the characters listed at {ADDRESS}"
    for part in value.split("-"):
        if NO_LAST_PERIOD.fullmatch(part):
            yield f"spells letters without a last period in {_quoted(part)}: write {_quoted(part + '.')}"


def _ipa_rule(value: str, allowed: CharacterSet, language: str) -> str:
    if not value or (unknown := set(value.split(" ")) - allowed.ipa) == set():
        return ""
    if "" in unknown:
        return "has spaces at an end, or more than one between symbols: leave one between each two"
    names = ", ".join(f"{symbol!r} ({_codes(symbol)})" for symbol in sorted(unknown))
    return (
        f"has {names}, no IPA symbol of {language}: use those listed at {ADDRESS}, with a space between each "
        "two"
    )


def _repeated(row: Row, number: int, first: dict[str, int]) -> Iterator[Problem]:
    earlier = first.setdefault(row.phrase.casefold(), number)
    if row.phrase and earlier != number:
        rule = f"has {_quoted(row.phrase)} again, as row {earlier}: keep one of the two rows"
        yield Problem(number, "Phrase", rule)


def _codes(text: str) -> str:
    return " ".join(f"U+{ord(character):04X}" for character in text)


def _quoted(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS + 2 else f"{text[:SHOWN_CHARACTERS]}..."
