"""Puts Parquet files into feature groups of SageMaker Feature Store, every row as a record.

Input: below ``--features`` a folder for each ``--group FOLDER=GROUP``; each column of its files is a feature
of the group. A null is left out of its record, as is a decimal that is no finite number; timestamps become
ISO 8601 in UTC, true and false 1 and 0.

With ``--previous``, which has the same folders as they were ingested before, only records that are new or
differ in something other than their event time are written. What has not changed keeps its earlier event time
in both stores. Whoever reads as of a moment, the newest record at or before it, sees no difference; whoever
looks for one event time does, and so does a group with a time to live. Both versions are in memory for the
comparison. Without it nothing is but some thousand rows.

Output: ``metrics.json`` in ``--metrics``, flat numbers: ``records == written + unchanged + refused``.

To run it again is safe. Online, a record of the same event time is not newer and changes nothing, not even
where its values differ: whoever corrects values gives a later event time. Offline, it is there once more,
with a later ``write_time``.
"""

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from bounds import number
from changed_records import changed
from documents import write_json
from failure import JobError, run_job
from feature_files import Part, check_columns, parts_of
from feature_writer import MAX_THREADS, Outcome, ingest

PROGRESS_SECONDS = 5.0
MOST_REFUSED = 10_000
"""So many refused records are no accident: the rest is not tried."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Reads the arguments and ingests.

    Raises:
        JobError: what is to be ingested does not fit the groups, or records were refused.
    """
    options = _parser().parse_args(arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="changed-") as folder:
        metrics: dict[str, float] = {"records": 0}
        parts: list[Part] = []
        for name, group in options.group:
            found = _checked(name, group, options.features / name)
            metrics[f"records_{name}"] = rows(found)
            metrics["records"] += rows(found)
            if options.previous:
                found = _changed(found, options.previous / name, Path(folder) / name)
            parts += found
        outcome = ingest_all(parts, options.processes or os.cpu_count() or 1, options.threads)
    seconds = time.monotonic() - began
    metrics |= {
        "written": outcome.written,
        "unchanged": metrics["records"] - rows(parts),
        "refused": outcome.refused,
        "seconds": round(seconds, 3),
        "records_per_second": round(outcome.written / seconds, 1),
    }
    write_json(options.metrics / "metrics.json", metrics)
    if outcome.refused:
        raise JobError(_refusal(outcome, rows(parts)))


def ingest_all(parts: Sequence[Part], processes: int, threads: int) -> Outcome:
    """Writes all parts, each in one of several processes, and says every few seconds how far it is."""
    outcome, done_rows, told, began = Outcome(), 0, 0.0, time.monotonic()
    for part, of_part in _ingested(parts, min(processes, len(parts)), threads):
        outcome.add(of_part)
        done_rows += part.rows
        if (seconds := time.monotonic() - began) > told + PROGRESS_SECONDS or done_rows == rows(parts):
            told = seconds
            print(f"{done_rows} of {rows(parts)} records, {done_rows / seconds:.0f}/s", flush=True)
        if outcome.refused > MOST_REFUSED:
            break
    return outcome


def _ingested(parts: Sequence[Part], processes: int, threads: int) -> Iterator[tuple[Part, Outcome]]:
    """Parts as they are written. What has not begun is given up when nobody asks for more."""
    if processes <= 1:
        yield from ((part, ingest(part, threads)) for part in parts)
        return
    # Not forked: a thread of the parent may hold a lock that the child would wait for.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        pending = {pool.submit(ingest, part, threads): part for part in parts}
        try:
            for future in as_completed(pending):
                yield pending[future], future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def rows(parts: Sequence[Part]) -> int:
    """How many records they have."""
    return sum(part.rows for part in parts)


def _checked(name: str, group: str, folder: Path) -> list[Part]:
    parts = parts_of(group, folder)
    check_columns(parts, _types(_described(group)))
    print(f"{name}: {rows(parts)} records for {group}", flush=True)
    return parts


def _changed(parts: Sequence[Part], previous: Path, folder: Path) -> list[Part]:
    group = parts[0].group
    found = changed(parts, previous, str(_described(group)["EventTimeFeatureName"]), folder)
    print(f"{folder.name}: {rows(found)} of {rows(parts)} records have changed", flush=True)
    return found


def _described(group: str) -> Mapping[str, object]:
    try:
        return boto3.client("sagemaker").describe_feature_group(FeatureGroupName=group)
    except ClientError as error:
        raise JobError(f"Feature group {group} cannot be described: {error}.") from error


def _types(described: Mapping[str, object]) -> dict[str, str]:
    definitions: list[dict[str, str]] = described["FeatureDefinitions"]  # type: ignore[assignment]
    return {feature["FeatureName"]: feature["FeatureType"] for feature in definitions}


def _refusal(outcome: Outcome, total: int) -> str:
    reasons = "; ".join(f"{count} times {reason}" for reason, count in outcome.reasons.items())
    tried = outcome.written + outcome.refused
    return f"{outcome.refused} of {tried} records were refused ({total} to write): {reasons}"[:1000]


def _group(text: str) -> tuple[str, str]:
    folder, separator, group = text.partition("=")
    if not (folder and separator and group) or "/" in folder:
        raise argparse.ArgumentTypeError(f"{text!r} is not FOLDER=GROUP")
    return folder, group


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Put Parquet files into feature groups.")
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--group", type=_group, action="append", required=True, metavar="FOLDER=GROUP")
    parser.add_argument("--previous", type=Path)
    parser.add_argument("--processes", type=number(int, 0, 256), default=0)
    parser.add_argument("--threads", type=number(int, 1, MAX_THREADS), default=8)
    parser.add_argument("--metrics", type=Path, required=True)
    return parser


if __name__ == "__main__":
    sys.exit(run_job(main, BotoCoreError, ClientError))
