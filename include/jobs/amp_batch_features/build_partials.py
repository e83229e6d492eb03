"""Aggregates the days of the lake that changed, and no other, with Spark.

Input, below ``--lake``: ``<table>/day=YYYY-MM-DD/*.parquet``, as ``amp_lake`` keeps them.

Output, below ``--partials``, where all runs of the pipeline share it:

- ``<partial>/day=YYYY-MM-DD.parquet``: one object for each partial and day, see ``tables.py``
- ``_manifests/day=YYYY-MM-DD.json``: what the day's partials were made of; written last of a day
- ``_bases/day=YYYY-MM-DD/``: what counts however old it is, as it was when the window began

and ``metrics.json`` below ``--report``: flat numbers. A job that is killed leaves days with a manifest, which
are whole, and days without one, which the next attempt builds. The same lake and code rebuild nothing.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from arguments import folder
from bases import advance_base
from bounds import number
from documents import write_json
from failure import JobError, run_job
from lake_days import LakeDay, lake_days
from lake_tables import broken_row, event_counts, read_tables
from manifests import Manifest, code_digest, read_manifests
from partial_files import publish_partials, write_partials
from plan_partials import Plan, plan
from spark_session import session
from window_arguments import window_arguments
from windows import version_days, window_days


def rebuild(
    spark: SparkSession, days: dict[date, LakeDay], chosen: list[date], args: argparse.Namespace
) -> dict[date, Manifest]:
    """Builds the partials of the chosen days, a few at a time; their manifests.

    A day's fingerprint is the one that was listed before it is read: what changes meanwhile is found by the
    next run.

    Raises:
        JobError: an event in the lake lacks a value that features are made of.
    """
    code = code_digest()
    built: dict[date, Manifest] = {}
    for start in range(0, len(chosen), args.days_at_a_time):
        some = chosen[start : start + args.days_at_a_time]
        try:
            tables = read_tables(spark, args.lake, days, some)
            write_partials(tables, some, args.partials)
        except PySparkException as error:
            if reason := broken_row(error):
                raise JobError(f"The lake cannot be aggregated: {reason}.") from error
            raise
        events = event_counts(tables)
        manifests = {day: Manifest(days[day].fingerprint, code, events[day], {}) for day in some}
        built |= publish_partials(manifests, args.partials, args.kms_key)
        print(
            f"Built the partials of {some[0]} to {some[-1]}: {len(built)} of {len(chosen)} days.", flush=True
        )
    return built


def metrics(planned: Plan, events: int, base_days: int, seconds: dict[str, float]) -> dict[str, float]:
    """Flat numbers about what was done and why so little."""
    return {
        "events": events,
        "partials_rebuilt": len(planned.rebuild),
        "partials_unchanged": len(planned.unchanged),
        "window_days": len(planned.window),
        "days_before_the_lake": planned.absent,
        "base_days": base_days,
        **{f"seconds_{step}": round(taken, 3) for step, taken in seconds.items()},
    }


def run(args: argparse.Namespace) -> None:
    """Lists, plans, rebuilds, advances the base.

    Raises:
        JobError: the lake lacks a day of the window, or an event of it a value.
    """
    started = time.monotonic()
    wanted = window_days(version_days(args.day, args.versions))
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(
            session, "amp: build partials"
        )  # Java takes seconds: the lake is listed meanwhile.
        days = lake_days(args.lake, args.day)
        manifests = read_manifests(args.partials, args.day)
        planned = plan(days, manifests, code_digest(), wanted, args.known_missing_days)
        spark = starting.result()
    if planned.absent:
        print(f"The lake begins after the window: {planned.absent} days of it are not there.")
    listed = time.monotonic()
    manifests |= rebuild(spark, days, planned.rebuild, args)
    rebuilt = time.monotonic()
    manifests = dict(sorted(manifests.items()))
    base_days = advance_base(spark, args.partials, manifests, wanted[0], args.kms_key)
    seconds = {"plan": listed - started, "rebuild": rebuilt - listed, "base": time.monotonic() - rebuilt}
    events = sum(manifests[day].events for day in planned.window)
    numbers = metrics(planned, events, base_days, seconds)
    write_json(args.report / "metrics.json", numbers)
    print(json.dumps(numbers))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = window_arguments("Partial aggregates of the lake's days, with Spark.")
    parser.add_argument("--lake", type=folder, required=True, help="S3 URI of the lake's tables")
    parser.add_argument(
        "--days-at-a-time", type=number(int, 1), default=30, help="days that are lost if the job is killed"
    )
    args = parser.parse_args(argv)
    return run_job(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
