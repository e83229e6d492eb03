"""application/x-parquet: columns of numbers, the label first."""

import mmap
import os
import shutil
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

import pyarrow as pa
from pyarrow import parquet

from .batch import BATCH_ROWS, BATCH_VALUES, Batch, DataError, Layout, from_columns
from .csv_rows import as_array

MAGIC = b"PAR1"


def batches(stream: BinaryIO, source: str, layout: Layout) -> Iterator[Batch]:
    """The rows of ``stream``: of a file, or of files that follow one another in a pipe.

    Raises:
        DataError: the bytes are no Parquet, a column is not of numbers, or files of one stream differ in
            their columns.
    """
    for name, file in _files(stream, source):
        layout = replace(layout, columns=layout.columns or tuple(file.schema_arrow.names))
        check_columns(file.schema_arrow, list(layout.columns), name)
        yield from _rows(file, name, layout)


def _rows(file: parquet.ParquetFile, source: str, layout: Layout) -> Iterator[Batch]:
    columns = list(layout.columns)
    size = max(1, min(BATCH_ROWS, BATCH_VALUES // max(1, len(columns))))
    try:
        for batch in file.iter_batches(batch_size=size, columns=columns):
            yield from_columns(as_array(batch.select(columns)), layout, source)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{source} has rows that cannot be read: {error}") from None


def columns_of(stream: BinaryIO, source: str) -> list[str]:
    """The columns of a file, in its order. Raises `DataError`."""
    return list(_opened(pa.PythonFile(stream, mode="r"), source).schema_arrow.names)


def check_columns(schema: pa.Schema, expected: list[str], source: str) -> None:
    """Every column that is expected and no other, all of numbers.

    Raises:
        DataError: names the file, the column and what was expected.
    """
    wanted = f"expected the columns {', '.join(expected)}"
    for name in expected:
        if name not in schema.names:
            raise DataError(f"{source} has no column {name!r}: {wanted}.")
    for field in schema:
        if field.name not in expected:
            raise DataError(f"{source} has a column {field.name!r}: {wanted}.")
        kind = field.type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
            raise DataError(f"Column {field.name!r} of {source} is of type {kind}: expected numbers.")


def _files(stream: BinaryIO, source: str) -> Iterator[tuple[str, parquet.ParquetFile]]:
    if stream.seekable():
        yield source, _opened(pa.PythonFile(stream, mode="r"), source)
        return
    # Parquet is read from its end: what comes through a pipe is put on the disk first. The file has no
    # name, so nothing is left of it however the process ends.
    with tempfile.TemporaryFile() as spool:
        shutil.copyfileobj(stream, spool, 1 << 20)
        spool.flush()
        if os.fstat(spool.fileno()).st_size:
            # Not closed by hand: arrays of the rows may still point into it, and the last of them ends it.
            yield from _split(mmap.mmap(spool.fileno(), 0, access=mmap.ACCESS_READ), source)


def _split(content: mmap.mmap, source: str) -> Iterator[tuple[str, parquet.ParquetFile]]:
    """The files in ``content``: one ends where its length of the footer fits and the next one begins."""
    begin, number = 0, 1
    while begin < len(content):
        name = f"{source}, file {number}"
        if content[begin : begin + 4] != MAGIC:
            found = content[begin : begin + 4]
            raise DataError(f"{name} at byte {begin} begins with {found!r}: expected {MAGIC!r} (Parquet).")
        end = _end(content, begin)
        yield name, _opened(_part(content, begin, end), name)
        begin, number = end, number + 1


def _part(content: mmap.mmap, begin: int, end: int) -> pa.BufferReader:
    """Without a copy: a file may be as large as the disk allows."""
    return pa.BufferReader(pa.py_buffer(content).slice(begin, end - begin))


def _end(content: mmap.mmap, begin: int) -> int:
    """The end of the file at ``begin``; of the whole content if no other file follows."""
    position = begin + 4
    while (position := content.find(MAGIC + MAGIC, position)) >= 0:
        (footer,) = struct.unpack("<I", content[position - 4 : position])
        if begin + 4 <= position - 4 - footer and _readable(content, begin, position + 4):
            return position + 4
        position += 1
    return len(content)


def _readable(content: mmap.mmap, begin: int, end: int) -> bool:
    try:
        parquet.read_metadata(_part(content, begin, end))
    except (pa.ArrowInvalid, OSError):
        return False
    return True


def _opened(file: pa.NativeFile, source: str) -> parquet.ParquetFile:
    try:
        return parquet.ParquetFile(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{source} is not Parquet, or is not whole: {error}") from None
