"""Counts of users from a day of the lake: some rows in memory at a time, of the columns that are needed."""

from collections.abc import Iterator, Mapping
from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from failure import JobError
from metrics import COUNTS, TABLES
from object_files import Files
from observations import nothing

USER = "user_id"


class Lake:
    """The tables of ``<lake>/<table>/day=YYYY-MM-DD/*.parquet``, in S3 or a folder."""

    def __init__(self, lake: str) -> None:
        self._tables = {name: Files(f"{lake.rstrip('/')}/{name}") for name in TABLES}

    def check_day(self, day: date) -> None:
        """Raises `JobError` if the lake has no session of a day."""
        sessions = self._tables["session"]
        if not sessions.names(f"day={day}"):
            raise JobError(
                f"{sessions.root} has no partition of {day}: run amp_lake until it is there, or measure "
                "other days (the Params end, days and days_before)."
            )

    def counts(self, day: date) -> pd.DataFrame:
        """(users, `COUNTS`) of those who did anything on a day; 0 for what they did not do.

        Raises:
            JobError: a file lacks a column.
        """
        found = [
            summed(rows, [*counts])
            for table, counts in TABLES.items()
            for rows in self._rows(table, counts, day)
        ]
        if not found:
            return nothing()
        together = pa.concat_tables(found, promote_options="default")
        names = [name for name in together.column_names if name != USER]
        frame = summed(together, names).to_pandas().set_index(USER)
        return frame.reindex(columns=[*COUNTS]).fillna(0).astype("int64").sort_index()

    def _rows(self, table: str, counts: Mapping[str, pc.Expression], day: date) -> Iterator[pa.Table]:
        files = self._tables[table]
        columns = {USER: pc.field(USER), **{name: value.cast("int64") for name, value in counts.items()}}
        for name in files.names(f"day={day}"):
            with files.file(name) as path:
                try:
                    scanner = ds.dataset(path, format="parquet").scanner(columns=columns, use_threads=False)
                except pa.ArrowInvalid as error:
                    # Arrow's message goes on with the whole schema.
                    reason = str(error).partition(" in ")[0]
                    raise JobError(
                        f"{files.root}/{name} lacks a column ({reason}): put the day through amp_lake again."
                    ) from error
                for batch in scanner.to_batches():
                    yield pa.Table.from_batches([batch])


def summed(rows: pa.Table, names: list[str]) -> pa.Table:
    """The sums of some columns by user; null is nothing."""
    sums = rows.group_by(USER).aggregate([(name, "sum") for name in names])
    return sums.rename_columns([name.removesuffix("_sum") for name in sums.column_names])
