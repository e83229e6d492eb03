"""Judges the features of a run with Great Expectations, on Spark.

The suite file holds two lists of expectations in Great Expectations' own format: ``features`` is about
the rows of ``build_features.py`` (training and validation together), ``intake`` about its metrics, taken
as a table of one row. Bounds that belong to the run are parameters: ``{"$PARAMETER": "min_rows"}``,
``max_rejected_fraction`` and ``rows_in``.

Output, under ``--output``:

- ``report.json``: whether all is well, and for each expectation its bound, what was observed, a sentence
- ``results.json``: Great Expectations' own results
- ``data_docs/index.html``: the same for people, one page that needs nothing from the network

Expectations that are not met are a result, not an error: the exit code is 0 and the pipeline's gate decides.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from expectations import features_at, read_features, read_metrics, read_suites, session
from failure import run_job
from validation import started, validate, write_results


def run(args: argparse.Namespace) -> None:
    """Judges the features and writes what was found.

    Raises:
        JobError: the features cannot be judged.
    """
    suites = read_suites(args.suite)
    metrics = read_metrics(args.metrics)
    parameters = {
        "min_rows": args.min_rows,
        "max_rejected_fraction": args.max_rejected_fraction,
        "rows_in": metrics["rows_in"],
    }
    rows = read_features(started(session), features_at(args.input))
    batches = {"features": (rows, suites["features"]), "intake": (metrics, suites["intake"])}
    write_results(validate(batches, parameters), args.output)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Great Expectations on the abalone features.")
    parser.add_argument("--input", required=True, help="S3 URI that build_features.py has written")
    parser.add_argument("--suite", type=Path, required=True, help="JSON file of expectations")
    parser.add_argument("--metrics", type=Path, required=True, help="metrics.json of build_features.py")
    parser.add_argument("--output", type=Path, required=True, help="folder for the report")
    parser.add_argument("--min-rows", type=int, default=1, help="fewest rows, both splits together")
    parser.add_argument(
        "--max-rejected-fraction", type=float, default=0.0, help="largest share of rejected rows"
    )
    args = parser.parse_args(argv)
    return run_job(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
