"""Judges the features of a day with Great Expectations, and shows how they are distributed.

The suite file holds lists of expectations in Great Expectations' own format: one list for each group, about
the numbers of `summarised`, and ``changes`` about how many more or fewer records each group has than in the
version before; its bound is the parameter ``max_change``. Each is taken as a table of one row.

Output, under ``--output``: ``report.json``, ``results.json`` and ``data_docs/index.html``, as of every gate,
with the features' distributions in the page. Where all expectations are met, the numbers of records are
kept below ``--history``, for the next version to be compared with. Expectations that are not met are a
result, not an error: the exit code is 0 and the pipeline's gate decides.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from arguments import folder, iso_day
from bounds import number
from completion import MARKER, is_complete
from distributions import section
from entity_counts import changes, keep_counts, last_counts
from failure import JobError, run_job
from feature_files import version_files
from groups import GROUPS
from objects import Location
from spark_session import session
from summaries import Summary, summarised, uneven_affinities
from validation import read_document, started, validate, write_results

CHANGES = "changes"


def summaries(features: Location, day: date) -> dict[str, Summary]:
    """Group -> what there is to judge about its records of the newest version."""
    spark = started(lambda: session("amp: check features"))
    found = {}
    for name, group in GROUPS.items():
        rows = spark.read.parquet(*map(str, version_files(features, name, day))).persist()
        found[name] = summarised(name, group, rows)
        if name == "user_topic":
            found[name].facts["users_with_uneven_affinities"] = uneven_affinities(rows)
        rows.unpersist()
    return found


def run(args: argparse.Namespace) -> None:
    """Judges the features and writes what was found.

    Raises:
        JobError: the features are not complete, or the suite is not one of them.
    """
    suites = read_document(args.suite, "suite")
    if sorted(suites) != sorted([*GROUPS, CHANGES]):
        raise JobError(
            f"The suite {args.suite.name!r} has {sorted(suites)}, it must have {[*GROUPS, CHANGES]}."
        )
    if not is_complete(args.features):
        raise JobError(
            f"The features at {args.features} are not complete, {MARKER} is missing: "
            "roll_up.py has not run there, or not to its end."
        )
    found = summaries(args.features, args.day)
    counts = {name: summary.records for name, summary in found.items()}
    batches: dict[str, Any] = {name: (summary.facts, suites[name]) for name, summary in found.items()}
    batches[CHANGES] = (changes(counts, last_counts(args.history, args.day)), suites[CHANGES])
    results = validate(batches, {"max_change": args.max_change})
    write_results(results, args.output)
    show = section({name: summary.distributions for name, summary in found.items()}, args.day)
    page = args.output / "data_docs" / "index.html"
    page.write_text(page.read_text().replace("</body>", f"{show}</body>", 1))
    if all(result.success for result in results.values()):
        keep_counts(args.history, args.day, counts, args.kms_key)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Great Expectations on the features of a day.")
    parser.add_argument("--features", type=folder, required=True, help="S3 URI that roll_up.py has written")
    parser.add_argument("--history", type=folder, required=True, help="S3 URI of the versions' numbers")
    parser.add_argument("--day", type=iso_day, required=True, help="the features' day, YYYY-MM-DD")
    parser.add_argument("--suite", type=Path, required=True, help="JSON file of expectations")
    parser.add_argument("--output", type=Path, required=True, help="folder for the report")
    parser.add_argument(
        "--max-change", type=number(float, 0), default=0.5, help="of a group's entities, relative to before"
    )
    parser.add_argument("--kms-key", help="encrypts the history; without it the bucket's own counts")
    args = parser.parse_args(argv)
    return run_job(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
