"""Rolls partials up into the 21 features of a day, and of days before it, with Spark.

Input, below ``--partials``: what ``build_partials.py`` has written; events themselves are not read.

Output, below ``--output``: ``<group>/part-YYYY-MM-DD-00000.parquet`` with the columns of ``groups.py``, one
row for each entity and version; ``_SUCCESS`` last of all. ``metrics.json`` goes below ``--report``. The same
partials give the same rows in the same order, to the last bit.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from arguments import folder
from completion import finish, prepare
from documents import write_json
from failure import run_job
from feature_files import write_group
from groups import GROUPS
from manifests import Manifest, read_manifests
from objects import Location
from rolling_inputs import Inputs, read_inputs
from rollups import known, rolled_up
from shuffles import fit_shuffles
from spark_session import session
from window_arguments import window_arguments
from windows import version_days, window_days

GROUPS_AT_ONCE = 3
"""While Spark plans for one group, its cores work on another."""


def write_version(inputs: Inputs, version: date, output: Location, kms_key: str | None) -> dict[str, int]:
    """Writes the five groups of a version; how many rows each has."""
    partials, state = inputs.window(version), inputs.state(version)
    parts = known(version, partials, state)

    def write(group: str) -> int:
        made = rolled_up(group, parts)
        count = write_group(made, group, version, output, kms_key)
        made.unpersist()
        return count

    with ThreadPoolExecutor(GROUPS_AT_ONCE) as pool:
        rows = dict(zip(GROUPS, pool.map(write, GROUPS), strict=True))
    for kept in (parts.likes, parts.pairs, *state.values()):
        kept.unpersist()
    print(f"Version {version}: {', '.join(f'{count} {group}' for group, count in rows.items())}", flush=True)
    return rows


def metrics(rows: dict[str, int], versions: int, total: int, seconds: dict[str, float]) -> dict[str, float]:
    """Flat numbers; entities are those of the newest version."""
    return {
        "features": sum(len(group.features) for group in GROUPS.values()),
        "users": rows["user"],
        **{f"entities_{group}": count for group, count in rows.items()},
        "versions": versions,
        "rows": total,
        **{f"seconds_{step}": round(taken, 3) for step, taken in seconds.items()},
    }


def run(args: argparse.Namespace) -> None:
    """Reads once, rolls up each version.

    Raises:
        JobError: a day of a window has no partials.
    """
    started = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(session, "amp: roll up")  # Java takes seconds: manifests are read meanwhile.
        prepare(args.output, GROUPS)
        manifests: dict[date, Manifest] = read_manifests(args.partials, args.day)
        spark = starting.result()
    versions = version_days(args.day, args.versions)
    fit_shuffles(spark, sum(manifests[day].events for day in window_days(versions) if day in manifests))
    inputs = read_inputs(spark, args.partials, manifests, versions, args.known_missing_days)
    ready = time.monotonic()
    rows = {version: write_version(inputs, version, args.output, args.kms_key) for version in versions}
    total = sum(sum(counts.values()) for counts in rows.values())
    seconds = {"read": ready - started, "roll_up": time.monotonic() - ready}
    numbers = metrics(rows[args.day], len(versions), total, seconds)
    write_json(args.report / "metrics.json", numbers)
    finish(args.output, args.kms_key)
    print(json.dumps(numbers))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = window_arguments("Features of a day from 60 days of partials, with Spark.")
    parser.add_argument("--output", type=folder, required=True, help="S3 URI to write; its old groups go")
    args = parser.parse_args(argv)
    return run_job(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
