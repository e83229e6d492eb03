"""Writes records of Feature Store's journal as the Parquet files of offline stores.

    python write_parquet.py request.json

The request names the database and batches: of each the group's number, the last position that belongs to it,
a stamp (milliseconds since 1970), ``[name, type]`` of the features and a folder. Below the folder are then,
by event time in UTC, ``year=2026/month=01/day=02/hour=03/20260102T030405Z_<16 letters>.parquet``. The same
batch gives the same names.
"""

import hashlib
import itertools
import json
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

HOUR = 3_600_000
ROWS_AT_A_TIME = 50_000
ROWS = """
SELECT event_time / 3600000, write_time, deleted, body FROM journal
WHERE number = ? AND position <= ? ORDER BY event_time / 3600000, position
"""
TIME = pa.timestamp("ms", tz="UTC")
TYPES = {"Integral": pa.int64(), "Fractional": pa.float64(), "String": pa.string()}
CONVERSIONS: dict[str, Callable[[str], Any]] = {"Integral": int, "Fractional": float, "String": str}

Row = tuple[int, int, int, str]


def main(path: Path) -> None:
    """Writes every batch of the request."""
    request = json.loads(path.read_text())
    database = sqlite3.connect(f"file:{request['database']}?mode=ro", uri=True)
    for batch in request["batches"]:
        rows = database.execute(ROWS, (batch["number"], batch["last"]))
        for hour, of_hour in itertools.groupby(rows, key=lambda row: row[0]):
            write(batch, hour, of_hour)


def write(batch: dict[str, Any], hour: int, rows: Iterable[Row]) -> None:
    """One file: the records of one hour."""
    columns = schema(batch["features"])
    with pq.ParquetWriter(file_of(batch, hour), columns, compression="snappy") as writer:
        for some in chunks(rows):
            writer.write_table(table(some, batch["features"], columns))


def schema(features: Sequence[Sequence[str]]) -> pa.Schema:
    """The features, then what the service adds."""
    added = [("write_time", TIME), ("api_invocation_time", TIME), ("is_deleted", pa.bool_())]
    return pa.schema([(name, TYPES[kind]) for name, kind in features] + added)


def table(rows: Sequence[Row], features: Sequence[Sequence[str]], columns: pa.Schema) -> pa.Table:
    """Rows as columns; both times of the service are when the record was put."""
    records = [json.loads(body) for _, _, _, body in rows]
    arrays = [
        pa.array([value_of(record, place, CONVERSIONS[kind]) for record in records], TYPES[kind])
        for place, (_, kind) in enumerate(features)
    ]
    times = pa.array([written for _, written, _, _ in rows], pa.int64()).cast(TIME)
    deleted = pa.array([bool(deleted) for _, _, deleted, _ in rows])
    return pa.table([*arrays, times, times, deleted], schema=columns)


def value_of(record: Sequence[str | None], place: int, convert: Callable[[str], Any]) -> Any:
    """None also where the record was put before the feature was added."""
    value = record[place] if place < len(record) else None
    return None if value is None else convert(value)


def chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Some rows at a time, so that an hour may have any number."""
    rows = iter(rows)
    while some := list(itertools.islice(rows, ROWS_AT_A_TIME)):
        yield some


def file_of(batch: dict[str, Any], hour: int) -> Path:
    """Where the records of an hour (since 1970) go; its folder is made."""
    moment = datetime.fromtimestamp(hour * HOUR / 1000, UTC)
    folder = Path(batch["folder"]) / f"{moment:year=%Y/month=%m/day=%d/hour=%H}"
    folder.mkdir(parents=True)
    stamp = datetime.fromtimestamp(batch["stamp"] / 1000, UTC)
    letters = hashlib.sha256(f"{batch['number']} {batch['last']} {batch['stamp']}".encode()).hexdigest()[:16]
    return folder / f"{stamp:%Y%m%dT%H%M%SZ}_{letters}.parquet"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
