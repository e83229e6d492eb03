"""Reads the lake's tables, and refuses rows that are not whole."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as sf

from lake_days import LakeDay
from objects import Location
from tables import SOURCES

LISTING_TASKS = 8
BROKEN = "Millrace: "
"""What begins the message of a row that is not whole, to be found again in Spark's error."""


def read_tables(
    spark: SparkSession, lake: Location, days: Mapping[date, LakeDay], wanted: Iterable[date]
) -> dict[str, DataFrame]:
    """The columns of SOURCES and ``day``, of the wanted days; other columns are not read.

    A column that a file lacks is null in all its rows, which is what fails when it is read.
    """
    wanted = list(wanted)
    # Many files are looked at side by side, but not each by a task of its own.
    spark.conf.set("spark.sql.sources.parallelPartitionDiscovery.parallelism", LISTING_TASKS)
    uris = {
        name: [str(found.location) for day in wanted for found in days[day].objects.get(name, ())]
        for name in SOURCES
    }
    return {name: _table(spark, lake, name, uris[name]) for name in SOURCES}


def _table(spark: SparkSession, lake: Location, name: str, uris: list[str]) -> DataFrame:
    schema = f"{SOURCES[name]}, day DATE"
    if not uris:
        return spark.createDataFrame([], schema)
    rows = spark.read.schema(schema).option("basePath", str(lake.child(name))).parquet(*uris)
    columns = [column.split()[0] for column in SOURCES[name].split(", ")]
    return rows.select("day", *(_whole(name, column) for column in columns))


def _whole(table: str, column: str) -> Column:
    """The column, whose nulls end the job: features of half an event would be wrong without a word."""
    where = sf.concat(sf.lit(f"{BROKEN}{table} of "), sf.col("day").cast("string"))
    reason = sf.concat(where, sf.lit(f" has an event without {column!r}"))
    return sf.coalesce(sf.col(column), sf.raise_error(reason)).alias(column)


def event_counts(tables: Mapping[str, DataFrame]) -> dict[date, int]:
    """Day -> events of all the tables; only the files' footers are read."""
    days = reduce(DataFrame.union, (rows.select("day") for rows in tables.values()))
    return {row["day"]: row["count"] for row in days.groupBy("day").count().collect()}


def broken_row(error: Exception) -> str | None:
    """What `_whole` said, if that is why Spark failed."""
    _, found, rest = str(error).partition(BROKEN)
    return rest.partition("\n")[0].partition(" SQLSTATE")[0].strip() if found else None
