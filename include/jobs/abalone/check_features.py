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
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from expectations import features_at, read_metrics, read_suites, session, validate
from failure import run_job
from quality_page import page
from quality_report import report


def write_results(results: Mapping[str, Any], output: Path) -> None:
    """Writes the three outputs, and prints what was not met."""
    (output / "data_docs").mkdir(parents=True, exist_ok=True)
    verdict = report(results)
    write_json(output / "report.json", verdict)
    write_json(output / "results.json", {name: result.to_json_dict() for name, result in results.items()})
    (output / "data_docs" / "index.html").write_text(page(results, verdict))
    failed = [item["sentence"] for item in verdict["expectations"] if not item["success"]]
    print(f"{len(verdict['expectations'])} expectations, {len(failed)} not met", *failed, sep="\n")


def write_json(path: Path, content: object) -> None:
    """Writes indented JSON; what JSON has no word for, such as a date, as text."""
    path.write_text(json.dumps(content, indent=2, default=str) + "\n")


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
    write_results(validate(session(), features_at(args.input), metrics, suites, parameters), args.output)


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
