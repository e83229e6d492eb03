"""Judges the features of shots with Great Expectations, on Spark.

The suite file holds two lists of expectations in Great Expectations' own format: ``shots`` is about the rows
of ``build_features.py``, ``intake`` about its metrics, taken as a table of one row. Bounds that belong to the
run are the parameters ``min_shots`` and ``max_set_aside``.

Output, under ``--output``: ``report.json``, ``results.json`` and ``data_docs/index.html``, as of every gate.
Expectations that are not met are a result, not an error: the exit code is 0 and the pipeline's gate decides.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

from bounds import number
from failure import JobError, run_job
from validation import read_document, started, validate, write_results

BATCHES = ("shots", "intake")


def session() -> SparkSession:
    """Spark."""
    return SparkSession.builder.appName("xgoals: check features").getOrCreate()


def read(spark: SparkSession, shots: str) -> DataFrame:
    """The rows of all splits.

    Raises:
        JobError: there are none.
    """
    try:
        return spark.read.parquet(shots)
    except AnalysisException as error:
        raise JobError(f"There is no Parquet to read in {shots}: {error.getCondition()}.") from error


def run(args: argparse.Namespace) -> None:
    """Judges the features and writes what was found.

    Raises:
        JobError: the features cannot be judged.
    """
    suites = read_document(args.suite, "suite")
    if sorted(suites) != sorted(BATCHES):
        raise JobError(f"The suite {args.suite.name!r} has {sorted(suites)}, it must have {sorted(BATCHES)}.")
    metrics = read_document(args.metrics, "metrics")
    rows = read(started(session), args.shots)
    batches = {"shots": (rows, suites["shots"]), "intake": (metrics, suites["intake"])}
    parameters = {"min_shots": args.min_shots, "max_set_aside": args.max_set_aside}
    write_results(validate(batches, parameters), args.output)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Great Expectations on the features of shots.")
    add = parser.add_argument
    add("--shots", required=True, help="URI of the Parquet that build_features.py has written")
    add("--suite", type=Path, required=True, help="JSON file of expectations")
    add("--metrics", type=Path, required=True, help="metrics.json of build_features.py")
    add("--output", type=Path, required=True, help="folder for the report")
    add("--min-shots", type=number(int, 1), default=1, help="fewest shots, all splits together")
    add("--max-set-aside", type=number(float, 0, 1), default=0.0, help="largest share of matches set aside")
    args = parser.parse_args(argv)
    return run_job(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
