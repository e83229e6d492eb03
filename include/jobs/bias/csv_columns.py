"""Columns of CSV files, read block by block: of all rows only the columns that are wanted are in memory."""

import csv
import gzip
import math
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from failure import JobError

BLOCK = 1_000
"""Rows that are read at once; of more, the garbage collector takes half of the time."""
MISSING = frozenset({"", "?", "NA", "N/A", "NaN", "nan", "null", "NULL"})
"""What stands for a value that is not there."""

Number: TypeAlias = int | float
Codes: TypeAlias = NDArray[np.int64]
Numbers: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """``codes`` of shape (rows,) into the distinct ``values``, -1 where a row has none.

    Blanks at the ends of a value are no part of it, and ``1.0`` is ``1``.
    """

    name: str
    codes: Codes
    values: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """The columns that were asked for, and the features that are numbers, NaN where one is missing."""

    rows: int
    columns: dict[str, Column]
    features: dict[str, Numbers]
    text_features: tuple[str, ...]


def header_of(files: Sequence[Path], names: Sequence[str] | None) -> tuple[str, ...]:
    """The names of the columns: those given, else the first row of the files.

    Raises:
        JobError: a file cannot be read, a name is there twice, or the files have different headers.
    """
    if names:
        return _without_twins(names)
    found = {path.name: _first_row(path) for path in files}
    named = {name: row for name, row in found.items() if row}
    if not named:
        raise JobError(f"{files[0].name!r} is empty: it needs a header and rows.")
    (first, header), *others = named.items()
    for name, row in others:
        if row != header:
            raise JobError(f"{name!r} has another header than {first!r}: all files need the same columns.")
    return _without_twins(header)


def read_table(
    files: Sequence[Path], header: Sequence[str], wanted: Collection[str], features: Collection[str]
) -> Table:
    """Reads ``wanted`` as distinct values, and ``features`` as numbers as long as they are some.

    Args:
        files: CSV in UTF-8 with the columns of ``header``, which may also be their first row.
        header: the names of all columns.
        wanted: names of columns.
        features: names of columns.

    Raises:
        JobError: a file is not CSV in UTF-8, a row has another number of fields, there is no row, or a wanted
            column has no value in any of them.
    """
    values = {name: _Values() for name in header if name in wanted}
    numbers = {name: _Numbers() for name in header if name in features}
    rows = 0
    for path in files:
        for block in _blocks(path, header):
            rows += len(block)
            for name, texts in zip(header, zip(*block, strict=True), strict=True):
                if name in values:
                    values[name].add(texts)
                if name in numbers:
                    numbers[name].add(texts)
    if not rows:
        raise JobError("The input has a header but no rows, at least one is needed.")
    columns = {name: found.column(name) for name, found in values.items()}
    if empty := [name for name, column in columns.items() if not column.values]:
        raise JobError(f"The column {empty[0]!r} has no value in any of the {rows:,} rows.")
    return Table(
        rows,
        columns,
        {name: found.array() for name, found in numbers.items() if not found.is_text},
        tuple(name for name, found in numbers.items() if found.is_text),
    )


def canonical(value: str | Number) -> str | float:
    """What two spellings of one value have in common.

    >>> canonical(" 1.0 ") == canonical(1)
    True
    """
    try:
        number = float(value)
    except ValueError:
        return str(value).strip()
    return number if math.isfinite(number) else str(value).strip()


class _Values(dict[str, int]):
    """Text as it stands in the file -> code of its value."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str | float, int] = {}
        self.spelt: list[str] = []
        self.blocks: list[NDArray[np.int32]] = []

    def __missing__(self, text: str) -> int:
        value = text.strip()
        code = -1
        if value not in MISSING:
            code = self.known.setdefault(canonical(value), len(self.spelt))
            if code == len(self.spelt):
                self.spelt.append(value)
        self[text] = code
        return code

    def add(self, texts: Sequence[str]) -> None:
        self.blocks.append(np.fromiter(map(self.__getitem__, texts), np.int32, len(texts)))

    def column(self, name: str) -> Column:
        return Column(name, np.concatenate(self.blocks).astype(np.int64), tuple(self.spelt))


class _Numbers:
    """A feature, for as long as all that stands in it are numbers."""

    def __init__(self) -> None:
        self.is_text = False
        self.blocks: list[Numbers] = []

    def add(self, texts: Sequence[str]) -> None:
        if self.is_text:
            return
        try:
            self.blocks.append(_parsed(texts))
        except ValueError:
            self.is_text = True
            self.blocks.clear()

    def array(self) -> Numbers:
        return np.concatenate(self.blocks)


def _parsed(texts: Sequence[str]) -> Numbers:
    try:
        return np.fromiter(map(float, texts), np.float64, len(texts))
    except ValueError:
        present = ("nan" if text.strip() in MISSING else text for text in texts)
        return np.fromiter(map(float, present), np.float64, len(texts))


def _blocks(path: Path, header: Sequence[str]) -> Iterator[list[list[str]]]:
    """Blocks of rows with the header's number of fields; a first row that is the header is none."""
    with _reading(path) as stream:
        reader, before = _records(stream), 0
        while block := list(islice(reader, BLOCK)):
            rows = block
            # Most blocks are as they should be, and a million rows are not looked at one by one.
            if set(map(len, block)) != {len(header)}:
                rows = [row for row in block if not _is_blank(row)]
                if any(len(row) != len(header) for row in rows):
                    raise JobError(_other_width(path, rows, len(header), before))
            before += len(rows)
            if before == len(rows) and rows and _stripped(rows[0]) == tuple(header):
                rows = rows[1:]
            if rows:
                yield rows


def _records(stream: IO[str]) -> Iterator[list[str]]:
    """A quoted field may hold commas and line ends."""
    return csv.reader(stream, skipinitialspace=True, strict=True)


def _is_blank(row: Sequence[str]) -> bool:
    return not row or (len(row) == 1 and not row[0].strip())


@contextmanager
def _reading(path: Path) -> Iterator[IO[str]]:
    """A text or gzip file; a byte order mark is no part of it."""
    opened: Callable[..., IO[str]] = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as stream:
            yield stream
    except UnicodeDecodeError as error:
        raise JobError(
            f"{path.name!r} is not UTF-8: {error.reason}, {error.object[error.start]:#04x}."
        ) from error
    except csv.Error as error:
        raise JobError(f"{path.name!r} is not CSV: {error}.") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise JobError(f"{path.name!r} is damaged: {error}.") from error


def _first_row(path: Path) -> tuple[str, ...]:
    with _reading(path) as stream:
        return _stripped(next((row for row in _records(stream) if not _is_blank(row)), []))


def _stripped(row: Sequence[str]) -> tuple[str, ...]:
    return tuple(field.strip() for field in row)


def _without_twins(names: Sequence[str]) -> tuple[str, ...]:
    if twins := sorted({name for name in names if names.count(name) > 1}):
        raise JobError(f"The column {twins[0]!r} is there {names.count(twins[0])} times: name each once.")
    return tuple(names)


def _other_width(path: Path, rows: Sequence[Sequence[str]], width: int, before: int) -> str:
    place = next(place for place, row in enumerate(rows) if len(row) != width)
    return (
        f"Row {before + place + 1:,} of {path.name!r} has {len(rows[place])} fields, not {width} as "
        "the header: quote fields that hold commas."
    )
