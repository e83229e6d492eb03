"""Reads census rows line by line, and says of each line that is none which rule it breaks."""

import csv
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from columns import BOUNDS, CLASSES, GROUPS, LABEL, NEEDED, NUMBERS, UCI_ORDER, UNKNOWN
from failure import JobError
from input_files import lines
from text_files import data_files

MAX_LINE_CHARACTERS = 10_000
"""Longer lines are rejected unparsed, and kept as their beginning and length."""
MAX_CATEGORY_CHARACTERS = 100
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)

Value: TypeAlias = float | int | str


@dataclass(frozen=True)
class Rejection:
    """A line that is not a row: where it stands, which rule it breaks, and the reason in words."""

    file: str
    number: int
    line: str
    rule: str
    reason: str


class BrokenRule(Exception):  # noqa: N818  # it is about a row, not an error of the job
    """A line breaks a rule."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule


@dataclass(frozen=True)
class Layout:
    """Where the columns stand in the lines of a file."""

    positions: Mapping[str, int]
    width: int
    has_header: bool

    @classmethod
    def of(cls, file: str, first: str) -> "Layout":
        """From a header, which may name more columns in any order; without one, that of the UCI files.

        Raises:
            JobError: the header misses columns or has one twice.
        """
        try:
            names = [re.sub(r"[-. ]+", "_", name.strip().lower()) for name in _split(first)]
        except BrokenRule:
            names = []
        if not set(names) & set(UCI_ORDER):
            return cls({name: UCI_ORDER.index(name) for name in (*NEEDED, *GROUPS)}, len(UCI_ORDER), False)
        if missing := [name for name in NEEDED if name not in names]:
            raise JobError(f"{file!r} has no column {', '.join(missing)}; its header has {', '.join(names)}.")
        if twice := sorted({name for name in names if name in UCI_ORDER and names.count(name) > 1}):
            raise JobError(f"The header of {file!r} has {', '.join(twice)} more than once.")
        known = [name for name in (*NEEDED, *GROUPS) if name in names]
        return cls({name: names.index(name) for name in known}, len(names), True)


def layouts(folders: Sequence[Path]) -> dict[Path, Layout]:
    """The layout of every file that has a line.

    Raises:
        JobError: there is nothing to read, or a header misses columns.
    """
    firsts = {path: next(lines(path), None) for path in data_files(folders)}
    found = {path: Layout.of(path.name, first) for path, first in firsts.items() if first is not None}
    if not found:
        raise JobError("The input is empty: it has 0 rows, at least one is needed.")
    return found


def columns_of(found: Mapping[Path, Layout]) -> tuple[str, ...]:
    """The columns of a row: all that are needed, and the groups that every file has."""
    groups = [name for name in GROUPS if all(name in layout.positions for layout in found.values())]
    return (*NEEDED, *groups)


def read_rows(
    found: Mapping[Path, Layout], columns: Sequence[str]
) -> Iterator[tuple[Value, ...] | Rejection]:
    """Each line as the values of ``columns``, or as a rejection."""
    for path, layout in found.items():
        for number, line in enumerate(lines(path), start=1):
            if number == 1 and layout.has_header:
                continue
            try:
                yield parsed(line, layout, columns)
            except BrokenRule as broken:
                yield Rejection(path.name, number, _kept(line), broken.rule, str(broken))


def parsed(line: str, layout: Layout, columns: Sequence[str]) -> tuple[Value, ...]:
    """The values of one line.

    Raises:
        BrokenRule: the line is not a row.
    """
    if not line.strip():
        raise BrokenRule("blank_line", "the line is blank")
    if len(line) > MAX_LINE_CHARACTERS:
        raise BrokenRule(
            "line_length", f"the line has {len(line)} characters, more than {MAX_LINE_CHARACTERS}"
        )
    if "\ufffd" in line:
        raise BrokenRule("encoding", "the line is not UTF-8 text")
    values = _split(line)
    if len(values) != layout.width:
        wanted = f"{layout.width}" if layout.has_header else f"the {layout.width} of a file without a header"
        raise BrokenRule("column_count", f"the line has {len(values)} columns, not {wanted}")
    return tuple(_value(name, values[layout.positions[name]].strip()) for name in columns)


def _split(line: str) -> list[str]:
    try:
        return next(csv.reader([line], skipinitialspace=True, strict=True), [])
    except csv.Error:
        raise BrokenRule("quotes", "a double quote is not closed, or text follows it") from None


def _value(column: str, text: str) -> Value:
    if column in NUMBERS:
        return _number(column, text)
    if column == LABEL:
        return _class(text)
    if text in ("", "?"):
        return UNKNOWN
    if len(text) > MAX_CATEGORY_CHARACTERS:
        reason = f"{column} has {len(text)} characters, at most {MAX_CATEGORY_CHARACTERS} make a category"
        raise BrokenRule(f"{column}_length", reason)
    # The few categories of millions of rows are kept once.
    return sys.intern(text)


def _number(column: str, text: str) -> float:
    low, high = BOUNDS[column]
    if text in ("", "?"):
        raise BrokenRule(f"{column}_missing", f"{column} is missing, it must be a number")
    if NOT_FINITE.fullmatch(text):
        raise BrokenRule(f"{column}_finite", f"{column} is {text!r}, it must be a finite number")
    if not NUMBER.fullmatch(text):
        raise BrokenRule(f"{column}_number", f"{column} is {text[:60]!r}, it must be a number")
    if not low <= (value := float(text)) <= high or not math.isfinite(value):
        reason = f"{column} is {text[:60]!r}, it must be between {low:g} and {high:g}"
        raise BrokenRule(f"{column}_range", reason)
    return value


def _class(text: str) -> int:
    # The UCI test file ends its labels with a full stop.
    label = text.removesuffix(".")
    if label not in CLASSES:
        raise BrokenRule(
            f"{LABEL}_class", f"{LABEL} is {text[:60]!r}, it must be one of {', '.join(CLASSES)}"
        )
    return CLASSES[label]


def _kept(line: str) -> str:
    if len(line) <= MAX_LINE_CHARACTERS:
        return line
    return f"{line[:1000]}... [{len(line)} characters]"
