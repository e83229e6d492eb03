"""Reads rows batch by batch: a table of one reader for each format."""

from collections.abc import Iterator, Mapping
from typing import BinaryIO, Protocol

from . import csv_rows, libsvm_rows, parquet_rows, protobuf_rows
from .batch import Batch, Layout
from .content_types import Format


class Reader(Protocol):
    """Decodes the rows of one object, or of several that follow one another in a pipe.

    Raises:
        DataError: the bytes are not what the format prescribes.
    """

    def __call__(self, stream: BinaryIO, source: str, layout: Layout) -> Iterator[Batch]:
        """``source`` is what errors call the stream."""
        ...


READERS: Mapping[Format, Reader] = {
    Format.CSV: csv_rows.batches,
    Format.LIBSVM: libsvm_rows.batches,
    Format.PARQUET: parquet_rows.batches,
    Format.RECORDIO_PROTOBUF: protobuf_rows.batches,
}


def batches(form: Format, stream: BinaryIO, source: str, layout: Layout) -> Iterator[Batch]:
    """The rows of ``stream``. Raises `DataError`."""
    return READERS[form](stream, source, layout)
