"""text/csv: numbers without a header, the label first."""

import io
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow

from .batch import BATCH_ROWS, Batch, DataError, FloatArray, Layout, from_columns

BLOCK_BYTES = 4 << 20
"""What is parsed at a time. No row may be longer."""
DELIMITERS = ",;\t|"
MISSING = ["", "NaN", "nan", "NA", "null", "NULL", "None"]


def batches(stream: BinaryIO, source: str, layout: Layout) -> Iterator[Batch]:
    """The rows of ``stream``; an empty field is a missing value, a blank line is no row.

    The delimiter is the comma, or else what of ``;``, tab and ``|`` the first row has. Objects that follow
    one another in a pipe are one: each has to end with a line end.

    Raises:
        DataError: a field is not a number, or rows differ in their number of fields.
    """
    first = _first_row(stream)
    if not first:
        return
    delimiter = next((mark for mark in DELIMITERS if mark.encode() in first), ",")
    names = [str(column) for column in range(first.count(delimiter.encode()) + 1)]
    try:
        reader = arrow.open_csv(
            pa.PythonFile(Replayed(first, stream), mode="r"),
            # Arrow may still be reading ahead when Python ends, which aborts a job that is done:
            # https://github.com/apache/arrow/issues/43604. Reading ahead gains nothing here.
            read_options=arrow.ReadOptions(column_names=names, block_size=BLOCK_BYTES, use_threads=False),
            parse_options=arrow.ParseOptions(delimiter=delimiter),
            convert_options=arrow.ConvertOptions(
                column_types=dict.fromkeys(names, pa.float32()), null_values=MISSING
            ),
        )
        for block in reader:
            for part in range(0, block.num_rows, BATCH_ROWS):
                table = as_array(block.slice(part, BATCH_ROWS))
                yield from_columns(table, layout, source)
    except pa.ArrowInvalid as error:
        wanted = ", label first" if layout.labelled else ""
        raise DataError(f"{source} is not a headerless CSV of numbers{wanted}: {error}") from None


def _first_row(stream: BinaryIO) -> bytes:
    """The first line that is not blank, empty without one. Tabs are a row whose values are all missing."""
    while line := stream.readline(BLOCK_BYTES):
        if line.strip(b"\r\n "):
            return line
    return b""


def as_array(batch: pa.RecordBatch) -> FloatArray:
    """A table of numbers as one array of shape (rows, columns); null is NaN."""
    table: FloatArray = np.empty((batch.num_rows, batch.num_columns), dtype=np.float32)
    for index, column in enumerate(batch.columns):
        # Null has no place among NumPy's booleans: such a column would come as objects.
        values = column.cast(pa.float32()) if pa.types.is_boolean(column.type) else column
        table[:, index] = values.to_numpy(zero_copy_only=False)
    return table


class Replayed(io.RawIOBase):
    """A stream whose first bytes have been read already."""

    def __init__(self, first: bytes, rest: BinaryIO) -> None:
        super().__init__()
        self.first, self.rest = first, rest

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes: first those that had been read, then the others."""
        if not self.first:
            return self.rest.read(size)
        size = len(self.first) if size < 0 else size
        part, self.first = self.first[:size], self.first[size:]
        return part
