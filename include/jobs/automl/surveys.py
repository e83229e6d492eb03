"""What is in a CSV file, found in one pass that holds some blocks of it and never the whole.

Arrow reads it in blocks, several at a time: a file of any size takes the same memory.
https://arrow.apache.org/docs/python/csv.html#incremental-reading
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from failure import JobError
from headers import MISSING, Header

BLOCK_BYTES = 4 * 1024 * 1024
"""No row may be longer."""
MOST_CLASSES = 1000
"""More different labels are not counted."""
PROGRESS_ROWS = 5_000_000
TOO_LONG = re.compile("straddling object")


@dataclass
class Survey:
    """What a file holds.

    Attributes:
        header: its columns.
        rows: how many follow.
        empty: columns in which no row has a value.
        classes: different labels, up to ``MOST_CLASSES``; blanks around them do not count.
        unlabelled: rows without a label.
        padded: labels with blanks around them.
    """

    header: Header
    rows: int = 0
    empty: list[str] = field(default_factory=list)
    classes: set[str] = field(default_factory=set)
    unlabelled: int = 0
    padded: int = 0

    def add(self, batch: pa.RecordBatch, target: int | None) -> None:
        """Counts some rows; ``target`` is the position of the labels."""
        self.rows += batch.num_rows
        self.empty = [name for name in self.empty if _is_empty(batch, self.header.names.index(name))]
        if target is not None:
            self._add_labels(batch.column(target))

    def _add_labels(self, written: pa.Array) -> None:
        labels = pc.utf8_trim_whitespace(written)
        self.padded += pc.sum(pc.not_equal(labels, written)).as_py() or 0
        found = pc.unique(labels).to_pylist()
        missing = pa.array(MISSING, pa.string())
        self.unlabelled += labels.null_count + (pc.sum(pc.is_in(labels, missing)).as_py() or 0)
        for label in found:
            if len(self.classes) < MOST_CLASSES and label is not None and label not in MISSING:
                self.classes.add(label)


def survey(path: Path, target: str) -> Survey:
    """Reads a file once.

    Raises:
        JobError: it is no CSV in UTF-8, or a row has another number of fields than the header.
    """
    header = Header.of(path)
    found = Survey(header, empty=header.named)
    position = header.names.index(target) if target in header.names else None
    told = PROGRESS_ROWS
    for batch in _batches(path, header):
        found.add(batch, position)
        if found.rows >= told:
            print(f"{path.name}: {found.rows:,} rows so far", flush=True)
            told += PROGRESS_ROWS
    return found


def _is_empty(batch: pa.RecordBatch, column: int) -> bool:
    return bool(batch.column(column).null_count == batch.num_rows)


def _batches(path: Path, header: Header) -> Iterator[pa.RecordBatch]:
    """The rows as text, some thousands at a time."""
    refused: list[csv.InvalidRow] = []

    def refuse(row: csv.InvalidRow) -> str:
        refused.append(row)
        return "error"

    try:
        with csv.open_csv(
            path,
            csv.ReadOptions(block_size=BLOCK_BYTES, column_names=_positions(header), skip_rows=0),
            csv.ParseOptions(newlines_in_values=True, invalid_row_handler=refuse),
            csv.ConvertOptions(
                column_types=dict.fromkeys(_positions(header), pa.string()),
                null_values=MISSING,
                strings_can_be_null=True,
            ),
        ) as reader:
            first = True
            for batch in reader:
                # The header has been read as a row of its own.
                yield batch.slice(1) if first else batch
                first = False
    except pa.ArrowInvalid as error:
        raise _refusal(path, header, refused, error) from error


def _positions(header: Header) -> list[str]:
    """Names that are surely different."""
    return [str(number) for number in range(len(header.names))]


def _refusal(path: Path, header: Header, rows: list[csv.InvalidRow], error: pa.ArrowInvalid) -> JobError:
    if rows:
        row = rows[0]
        which = f"line {row.number}" if row.number else f"the row that begins {row.text[:40]!r}"
        return JobError(
            f"{path.name}, {which}: has {row.actual_columns} fields, the header {len(header.names)}. Put a "
            "text that has commas into double quotes, and end it with one."
        )
    if TOO_LONG.search(str(error)):
        return JobError(
            f"{path.name} has a row of more than {BLOCK_BYTES // 2**20} MiB: is there a double quote that no "
            "other one closes?"
        )
    return JobError(f"{path.name} is not CSV in UTF-8: {str(error).splitlines()[0]}.")
