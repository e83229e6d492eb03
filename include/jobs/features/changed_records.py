"""Which records differ from those of an earlier version in something other than their event time."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from feature_files import Part, as_text, parts_of

ROWS_IN_A_GROUP = 50_000
NOTHING = "\0"
"""Stands for null where values are compared; no feature has it for a value."""


def changed(parts: Sequence[Part], previous: Path, event_time: str, folder: Path) -> list[Part]:
    """The changed and new records of one group, as parts of a file in ``folder``, which is made.

    Both versions are in memory for this, as text: some hundred bytes for each record.

    Args:
        parts: all of the version that is to be ingested.
        previous: the folder of the earlier version.
        event_time: the column that does not count.
        folder: for the file.
    """
    group = parts[0].group
    now = _table(parts)
    before = _table(parts_of(group, previous))
    compared = [name for name in now.column_names if name != event_time]
    if missing := [name for name in compared if name not in before.column_names]:
        empty = pa.array([None] * before.num_rows, pa.string())
        for name in missing:
            before = before.append_column(name, empty)
    keys = _comparable(before.select(compared))
    numbered = _comparable(now.select(compared)).append_column("row", pa.array(range(now.num_rows)))
    different = numbered.join(keys, keys=compared, join_type="left anti")
    rows = pc.array_sort_indices(different["row"])
    folder.mkdir(parents=True)
    path = folder / "changed.parquet"
    pq.write_table(now.take(different["row"].take(rows)), path, row_group_size=ROWS_IN_A_GROUP)
    return [part for part in parts_of(group, folder) if part.rows]


def _table(parts: Sequence[Part]) -> pa.Table:
    paths = sorted({part.path for part in parts})
    tables = [pq.read_table(path, partitioning=None) for path in paths]
    texts = [pa.table({name: as_text(table[name]) for name in table.column_names}) for table in tables]
    return pa.concat_tables(texts, promote_options="permissive")


def _comparable(table: pa.Table) -> pa.Table:
    """A join finds no null equal to another, so something else stands for it."""
    return pa.table({name: pc.fill_null(table[name], NOTHING) for name in table.column_names})
