"""Days of the lake's tables: ``<table>/day=YYYY-MM-DD/part-....parquet``."""

from collections.abc import Sequence
from datetime import date

import pandas as pd
import pyarrow.parquet as pq

from failure import JobError
from object_files import Files


def read_days(table: str, days: Sequence[date], columns: Sequence[str]) -> pd.DataFrame:
    """The rows of these days; a day without a partition has none.

    Times come in UTC, to the microsecond.

    Raises:
        JobError: a partition lacks a column.
    """
    files = Files(table)
    parts = []
    for day in days:
        for name in files.names(f"day={day}"):
            with files.file(name) as path:
                if missing := sorted({*columns} - {*pq.read_schema(path).names}):
                    raise JobError(
                        f"{files.root}/{name} has no column {missing[0]!r}: put the day through amp_lake "
                        "again."
                    )
                parts.append(pq.read_table(path, columns=[*columns], partitioning=None).to_pandas())
    found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*columns])
    for column in found.columns.intersection(["event_time", "started_at", "starts_at"]):
        found[column] = pd.to_datetime(found[column], utc=True).astype("datetime64[us, UTC]")
    return found


def check_day(table: str, day: date) -> None:
    """Raises `JobError` if the lake has not got a day."""
    if not Files(table).names(f"day={day}"):
        raise JobError(
            f"{table} has no partition of {day}: run amp_lake until it is there, or train on other days (the "
            "Params day, train_days and test_days)."
        )
