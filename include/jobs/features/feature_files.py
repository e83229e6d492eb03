"""Folders of Parquet files as records of a feature group, a part of a file at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from failure import JobError

ROWS_AT_A_TIME = 5000

Record = list[dict[str, str]]
"""As the API takes it: ``[{"FeatureName": ..., "ValueAsString": ...}]``."""


@dataclass(frozen=True)
class Part:
    """A row group of a file, which one process ingests."""

    group: str
    path: Path
    row_group: int
    rows: int


def parts_of(group: str, folder: Path) -> list[Part]:
    """All row groups below a folder, in order. Files whose names begin with ``_`` or ``.`` are no data.

    Raises:
        JobError: there is no Parquet file, or one cannot be read.
    """
    paths = [path for path in sorted(folder.rglob("*.parquet")) if path.name[0] not in "_."]
    if not paths:
        raise JobError(f"{folder.name!r} has no Parquet file for the feature group {group}.")
    return [part for path in paths for part in _parts(group, path)]


def _parts(group: str, path: Path) -> Iterator[Part]:
    try:
        metadata = pq.read_metadata(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise JobError(f"{path.parent.name}/{path.name} cannot be read as Parquet: {error}.") from error
    for number in range(metadata.num_row_groups):
        yield Part(group, path, number, metadata.row_group(number).num_rows)


def check_columns(parts: Sequence[Part], types: Mapping[str, str]) -> None:
    """Compares columns with the features of their group, before anything is written.

    Raises:
        JobError: a column is no feature of the group, or has values that no feature can have.
    """
    for path in sorted({part.path for part in parts}):
        group = next(part.group for part in parts if part.path == path)
        for column in pq.read_schema(path):
            if column.name not in types:
                raise JobError(
                    f"Column {column.name!r} of {path.parent.name}/{path.name} is no feature of the group "
                    f"{group}: add it to the group's definition, or leave it out."
                )
            if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
                raise JobError(
                    f"Column {column.name!r} of {path.parent.name}/{path.name} is {column.type}: a feature "
                    "is a number, a text or a time."
                )


def records(part: Part) -> Iterator[list[Record]]:
    """The part's records, some thousand at a time; what is null, or no number, is left out of a record."""
    file = pq.ParquetFile(part.path)
    for batch in file.iter_batches(batch_size=ROWS_AT_A_TIME, row_groups=[part.row_group]):
        columns = [as_text(column).to_pylist() for column in batch.columns]
        names = batch.schema.names
        yield [
            [
                {"FeatureName": name, "ValueAsString": value}
                for name, value in zip(names, row, strict=True)
                if value is not None
            ]
            for row in zip(*columns, strict=True)
        ]


def as_text(column: pa.Array | pa.ChunkedArray) -> Any:
    """Values as Feature Store takes them: whole numbers and decimals, 1 and 0, ISO 8601 in UTC, text."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column
    if pa.types.is_boolean(kind):
        return column.cast(pa.int8()).cast(pa.string())
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        # Without a zone it is UTC, as Spark writes it.
        moments = column.cast(pa.timestamp("ms"), safe=False).cast(pa.string())
        return pc.binary_join_element_wise(pc.replace_substring(moments, " ", "T"), "Z", "")
    if pa.types.is_floating(kind):
        usable = pc.is_finite(column)
        return pc.if_else(usable, column, pa.scalar(None, kind)).cast(pa.string())
    return column.cast(pa.string())
