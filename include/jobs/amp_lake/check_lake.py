"""Judges what ``build_lake.py`` has written, with Great Expectations, on Spark.

The suite file holds lists of expectations in Great Expectations' own format: ``*`` is about every table of
events, those under a table's name about it alone, ``intake`` about the metrics of the build, taken as a
table of one row. That no required column is null comes from the contract. Judged are the partitions that
were written, and what has not come: columns that are gone, and days.

Output, under ``--output``: ``report.json``, ``results.json`` and ``data_docs/index.html``, as of every gate.
Expectations that are not met are a result, not an error: the exit code is 0 and the pipeline's gate decides.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from absences import day_entries, gone_entries
from arguments import iso_day
from event_types import event_types
from failure import run_job
from lake_layout import REJECTED, parts
from objects import Location
from spark_session import session
from validation import read_document, started, validate, write_results

EVERY, INTAKE = "*", "intake"


def suite_of(table: str, suites: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The expectations of a table."""
    not_null = [
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": name}}
        for name in event_types()[table]
    ]
    return [*suites[EVERY], *not_null, *suites.get(table, [])]


def written(spark: SparkSession, lake: Location, table: str, days: Sequence[str]) -> DataFrame:
    """The rows of the days that were written."""
    files = [str(part.found.location) for part in parts(lake, table, days)]
    return spark.read.option("mergeSchema", "true").parquet(*files)


def run(args: argparse.Namespace) -> None:
    """Judges the lake and writes what was found.

    Raises:
        JobError: there is nothing to judge it by.
    """
    suites = read_document(args.suite, "suite")
    metrics = read_document(args.build / "metrics.json", "metrics")
    changes = read_document(args.build / "changes.json", "changes")
    lake = Location.parse(args.lake)
    tables = {table: days for table, days in changes["partitions"].items() if table != REJECTED}
    batches: dict[str, Any] = {INTAKE: (metrics, suites[INTAKE])}
    if tables:
        spark = started(lambda: session("amp_lake: check the lake"))
        for table, days in tables.items():
            batches[table] = (written(spark, lake, table, days), suite_of(table, suites))
    results = validate(batches, {"max_rejected_fraction": args.max_rejected_fraction})
    rows = {table: days for table, days in changes["rows"].items() if table != REJECTED}
    accepted = [str(day) for day in args.known_missing_days]
    missing = day_entries(rows, changes["first_day"], accepted)
    write_results(results, args.output, [*gone_entries(changes["gone"]), *missing])


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Great Expectations on the lake.")
    parser.add_argument("--lake", required=True, help="S3 URI of the tables")
    parser.add_argument("--build", type=Path, required=True, help="folder with the report of build_lake.py")
    parser.add_argument("--suite", type=Path, required=True, help="JSON file of expectations")
    parser.add_argument("--output", type=Path, required=True, help="folder for the report")
    parser.add_argument(
        "--max-rejected-fraction", type=float, default=0.01, help="largest share of rejected lines"
    )
    parser.add_argument(
        "--known-missing-days", type=iso_day, nargs="*", default=[], help="days without events, YYYY-MM-DD"
    )
    args = parser.parse_args(argv)
    return run_job(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
