"""Makes the training set of the ranking: who could have listened to what, who did, and what was known before.

Reads the lake's sessions and shows and the offline store's versions, one day at a time.
Output, under ``--output``:

- ``train/`` and ``test/``: a Parquet file for each day; the last ``--test-days`` are held out. Columns:
  ``hour``, ``user_id``, ``show_id``, ``creator_id``, ``label``, the 21 features, and the event time of each
  group's version
- ``request/rows.csv``: the label and the features of one query, as an endpoint is asked
- ``metrics/metrics.json``: rows, queries, positives, what is null, and how many values were checked
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from bounds import number
from candidates import (
    SESSION_COLUMNS,
    SHOW_COLUMNS,
    candidates,
    catalog_days,
    listening,
    on_air,
    sampled,
)
from documents import write_json
from failure import JobError, run_job
from feature_join import Stores, with_features
from lake_tables import check_day, read_days
from offline_store import OfflineStore, data_of
from point_in_time import check_rows
from ranking_features import EVENT_TIMES, FEATURES, GROUPS, IDENTITY, LABEL

ASKED = 10
"""Rows of the request."""


def rows_of(day: date, args: argparse.Namespace, stores: Stores) -> pd.DataFrame:
    """A day's rows of the training set."""
    # A session is told of when it ends, which may be on the next day.
    sessions = read_days(args.sessions, [day, day + timedelta(days=1)], SESSION_COLUMNS)
    shows = on_air(read_days(args.shows, catalog_days(day), SHOW_COLUMNS))
    heard = sampled(listening(sessions, day), args.queries, args.seed)
    found = candidates(heard, shows, args.candidates, args.seed)
    if found.empty:
        return found
    rows = with_features(found, stores, day, args.feature_days)
    for group in GROUPS:
        if rows[f"{group}_event_time"].isna().all():
            raise JobError(
                f"Feature group {group} has no version for any candidate of {day}, nor of the "
                f"{args.feature_days} days before: run amp_batch_features for them (its Param versions)."
            )
    return rows[[*IDENTITY, "creator_id", LABEL, *FEATURES, *EVENT_TIMES]]


def build(args: argparse.Namespace) -> dict[str, float]:
    """Writes the training set; returns its metrics.

    Raises:
        JobError: the lake or the feature store lacks a day, a feature is from after what it predicts, or
            nobody listened to anything.
    """
    days = [args.day - timedelta(days=back) for back in range(args.train_days + args.test_days, 0, -1)]
    for day in days:
        check_day(args.sessions, day)
    groups = dict(pair.split("=", 1) for pair in args.group)
    stores = {
        group: OfflineStore(group, data_of(groups[group]), key, names)
        for group, (key, names) in GROUPS.items()
    }
    counts: Counter[str] = Counter()
    for day in days:
        split = "train" if day < args.day - timedelta(days=args.test_days) else "test"
        rows = rows_of(day, args, stores)
        if rows.empty:
            continue
        path = args.output / split / f"{day}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows.to_parquet(path, index=False)
        counts.update({"values_checked": check_rows(path), **counted(rows, split)})
        # Its folder is there already where it is an output of the job.
        request = args.output / "request" / "rows.csv"
        if split == "test" and not request.exists():
            write_request(rows, request)
        print(f"{day} ({split}): {len(rows):,} rows, {int(rows[LABEL].sum()):,} positive", flush=True)
    return finished(counts)


def counted(rows: pd.DataFrame, split: str) -> dict[str, int]:
    """Flat counts of a day's rows."""
    return {
        f"{split}_rows": len(rows),
        f"{split}_positives": int(rows[LABEL].sum()),
        f"{split}_queries": len(rows[["hour", "user_id"]].drop_duplicates()),
        **{f"{group}_null": int(rows[f"{group}_event_time"].isna().sum()) for group in GROUPS},
    }


def finished(counts: Counter[str]) -> dict[str, float]:
    """Metrics from the counts: nulls become shares.

    Raises:
        JobError: there is nothing to train on, or nothing to test on.
    """
    for split in ("train", "test"):
        positives, rows = counts[f"{split}_positives"], counts[f"{split}_rows"]
        if not 0 < positives < rows:
            raise JobError(
                f"Of {rows} rows to {split} with, {positives} are positive: both kinds are needed. Take more "
                "days."
            )
    rows = counts["train_rows"] + counts["test_rows"]
    return {name: value / rows if name.endswith("_null") else value for name, value in sorted(counts.items())}


def write_request(rows: pd.DataFrame, path: Path) -> None:
    """Rows of the first query that has a positive one: the label, then the features, null as nothing."""
    chosen = rows[rows[LABEL] == 1].head(1)
    query = rows.merge(chosen[["hour", "user_id"]]).sort_values(LABEL, ascending=False).head(ASKED)
    path.parent.mkdir(parents=True, exist_ok=True)
    query[[LABEL, *FEATURES]].to_csv(path, index=False, header=False)


def run(args: argparse.Namespace) -> None:
    """The job.

    Raises:
        JobError: see `build`.
    """
    if missing := sorted(GROUPS.keys() - {pair.partition("=")[0] for pair in args.group}):
        raise JobError(f"--group {missing[0]}=NAME is missing.")
    metrics = build(args)
    write_json(args.output / "metrics" / "metrics.json", metrics)
    print(json.dumps(metrics))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Makes the training set of the ranking.")
    add = parser.add_argument
    add("--sessions", required=True, help="URI of the lake's table of sessions")
    add("--shows", required=True, help="URI of the lake's table of shows")
    add("--group", action="append", default=[], help="group=name of the feature group, or URI of its data")
    add("--day", type=date.fromisoformat, required=True, help="the day after the last one")
    add("--train-days", type=number(int, 1, 60), default=7)
    add("--test-days", type=number(int, 1, 30), default=2)
    add("--candidates", type=number(int, 2, 1000), default=50, help="most shows of a query")
    add("--queries", type=number(int, 1), default=5000, help="most queries of a day")
    add("--feature-days", type=number(int, 0, 60), default=7, help="how old features may be")
    add("--seed", type=number(int, 0, 2**31 - 1), default=42)
    add("--output", type=Path, required=True)
    args = parser.parse_args(argv)
    return run_job(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
