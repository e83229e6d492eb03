"""Brings a table's new events together with what the lake has of the days that they are about.

Of an event's id only the first row counts, and one that the lake has already comes before any other. It is
looked for in the files of the days in question, and there in the one column; a file is written anew only if
rows are added to it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as sf
from pyspark.sql.types import StructType

from lake_layout import Part, file_counts
from objects import Location

ROWS_PER_TASK = 400_000
MOST_TASKS = 200
KEYS = ("day", "file", "event_id")
IN_FILE = r"day=([0-9-]+)/part-(\d+)-of-\d+\.parquet$"


@dataclass(frozen=True)
class Batch:
    """The new rows of a table: its columns beside ``day``, ``path`` and ``number``.

    Args:
        table: the table's name.
        rows: the rows, ids perhaps more than once.
        columns: name -> type, in the order of the table.
        days: rows by day.
    """

    table: str
    rows: DataFrame
    columns: dict[str, str]
    days: dict[str, int]


@dataclass(frozen=True)
class Merged:
    """What a table gains.

    Args:
        counts: how many files each day has.
        gains: (day, file) -> rows that come to it.
        totals: day -> rows that it has then.
    """

    table: str
    counts: dict[str, int]
    gains: dict[tuple[str, int], int]
    totals: dict[str, int]


def merge(batch: Batch, existing: Sequence[Part], staging: Location) -> Merged:
    """Writes the files that gain rows below ``staging``, as ``day=<day>/file=<number>/``, one file each."""
    counts = file_counts(batch.days, existing)
    first = _first_of_each_id(batch, existing, counts).persist()
    try:
        groups = first.groupBy("day", "file").agg(
            sf.count_if("new").alias("new"), sf.count("*").alias("rows")
        )
        found = groups.collect()
        gains = {(row["day"], row["file"]): row["new"] for row in found if row["new"]}
        if gains:
            _write(batch, first, [part for part in existing if (part.day, part.number) in gains], staging)
    finally:
        first.unpersist()
    totals: dict[str, int] = {}
    for row in found:
        totals[row["day"]] = totals.get(row["day"], 0) + row["rows"]
    return Merged(batch.table, counts, gains, totals)


def _first_of_each_id(batch: Batch, existing: Sequence[Part], counts: dict[str, int]) -> DataFrame:
    """A row for each id of these days: a whole one if it is ``new``, else the id alone."""
    of_day = sf.create_map(*(sf.lit(value) for item in counts.items() for value in item))
    number = sf.pmod(sf.xxhash64("event_id"), sf.element_at(of_day, sf.col("day"))).cast("int")
    rows = batch.rows.withColumn("file", number).withColumn("new", sf.lit(True))
    if existing:
        ids = _read(batch.rows.sparkSession, existing, "event_id string")
        rows = rows.unionByName(ids.withColumn("new", sf.lit(False)), allowMissingColumns=True)
    tasks = _tasks(sum(batch.days.values()), len(counts))
    # Every row of an id is in one file: partitions by file need no second shuffle for the window.
    order = Window.partitionBy(*KEYS).orderBy("new", "event_time", "path", "number")
    placed = rows.repartition(tasks, "day", "file").withColumn("rank", sf.row_number().over(order))
    return placed.where(sf.col("rank") == 1).drop("rank", "path", "number")


def _write(batch: Batch, first: DataFrame, gaining: Sequence[Part], staging: Location) -> None:
    columns = ["day", "file", *batch.columns]
    rows = first.where("new").select(columns)
    if gaining:
        former = _read(batch.rows.sparkSession, gaining, StructType.fromDDL(_ddl(batch.columns)))
        tasks = _tasks(sum(batch.days.values()), len(gaining))
        rows = rows.unionByName(former.select(columns)).repartition(tasks, "day", "file")
    ordered = rows.sortWithinPartitions("day", "file", "event_time", "event_id")
    ordered.write.partitionBy("day", "file").mode("append").parquet(str(staging.child(batch.table)))


def _read(spark: SparkSession, files: Iterable[Part], schema: StructType | str) -> DataFrame:
    """Rows of files with ``day`` and ``file``; a column that an older file lacks is null."""
    rows = spark.read.schema(schema).parquet(*(str(part.found.location) for part in files))
    path = sf.col("_metadata.file_path")
    return rows.select("*", _in_path(path, 1).alias("day"), _in_path(path, 2).cast("int").alias("file"))


def _in_path(path: Column, group: int) -> Column:
    return sf.regexp_extract(path, IN_FILE, group)


def _ddl(columns: dict[str, str]) -> str:
    return ", ".join(f"`{name}` {of}" for name, of in columns.items())


def _tasks(rows: int, files: int) -> int:
    return max(1, min(files, MOST_TASKS, -(-rows // ROWS_PER_TASK)))
