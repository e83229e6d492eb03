"""Brings events that have arrived into the tables of the lake, with Spark.

Input: gzipped JSON Lines below ``--events``, as Firehose names them: ``YYYY/MM/DD/HH/<name>.gz``, by the hour
of arrival in UTC. Those are taken that the bookmark below ``--live`` does not have.

Output: files of the tables below ``--lake`` (see ``lake_layout.py``), each event id once in its table and
day, in order of (``event_time``, ``event_id``); lines that are no event in the table ``rejected``, with
object, line and reason. Spark writes below ``--staging``; a file appears in the lake by one copy, and only
if rows are added to it. Last of all the bookmark moves on: a run that is killed before is made up for by
the next one, and what it has published by then stays as it is.

One run at a time: two would each publish a file without the rows of the other. Who finds that somebody else
has written a file meanwhile publishes nothing.

Below ``--report``, a folder or an S3 URI: ``metrics.json``, flat numbers, and ``changes.json``, what the gate
has to look at.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from arguments import folder
from arrived_objects import Arrivals, moved_on, new_objects
from bookmark import Bookmark, read_bookmark, write_bookmark
from bounds import number
from build_report import Changes, document, metrics, write_report
from event_types import event_types
from failure import JobError, run_job
from gone_columns import gone_columns
from lake_columns import added, merged, read_columns, write_columns
from lake_layout import REJECTED, parts
from merge import Batch, Merged, merge
from objects import Location, delete_below
from publish import check_unchanged, moves, publish, retire
from spark_session import session
from staged_lines import staged

UNREAD = re.compile(r"\[FAILED_READ_FILE[^\n]*?(s3a?://\S+\.gz)")
"""In what Spark says of an object that it cannot read."""
TABLES_AT_ONCE = 3
"""While Spark plans for one table, its cores work on another."""
BOOKMARK, COLUMNS = "bookmark.json", "columns.json"


@dataclass(frozen=True)
class Places:
    """Where the job reads and writes."""

    events: Location
    lake: Location
    live: Location
    staging: Location


def build(places: Places, arrivals: Arrivals, bookmark: Bookmark, args: argparse.Namespace) -> Changes:
    """Publishes the arrivals; the bookmark is not moved.

    Raises:
        JobError: an object cannot be read, or somebody else writes the lake.
    """
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(session, "amp_lake: build the lake")  # Java takes seconds.
        delete_below(places.staging)
        known = read_columns(places.live.child(COLUMNS))
    with read_errors():
        lines = staged(starting.result(), places.events, arrivals.objects, places.staging, args.max_late_days)
    columns = merged(known, lines.shapes())
    if columns.tables != known:
        # Before the files that have them: whoever goes on after a kill must not choose other types.
        write_columns(places.live.child(COLUMNS), columns.tables, args.kms_key)
    results, files = add(lines.tables(columns), places, args.kms_key)
    delete_below(places.staging)
    return Changes(
        lines=lines.lines,
        late=lines.late,
        rejected=lines.rejected,
        merged={each.table: each for each in results},
        files=files,
        new_columns=added(known, columns.tables),
        gone=gone_columns(lines.tallies, bookmark.gone),
    )


def add(
    batches: Sequence[Batch], places: Places, kms_key: str | None
) -> tuple[list[Merged], list[tuple[int, Location]]]:
    """Writes the files that gain rows, then publishes them all; what each table gains, and the files.

    Raises:
        JobError: somebody else has written one of the tables meanwhile.
    """
    existing = {each.table: parts(places.lake, each.table, each.days) for each in batches}
    folder = places.staging.child("files")
    with ThreadPoolExecutor(TABLES_AT_ONCE) as pool:
        results = list(pool.map(lambda each: merge(each, existing[each.table], folder), batches))
    files = [move for each in results for move in moves(each, places.lake, folder)]
    for table, before in existing.items():
        check_unchanged(places.lake, table, before)
    publish(files, kms_key)
    return results, [(found.size, target) for found, target in files]


@contextmanager
def read_errors() -> Iterator[None]:
    """Names the object that Spark cannot read.

    Raises:
        JobError: there is one.
    """
    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        if not (unread := UNREAD.search(str(error))):
            raise
        raise JobError(
            f"{unread[1]} cannot be read: it is damaged or no gzip. Move it away; the others are taken then."
        ) from error


def run(args: argparse.Namespace) -> None:
    """Takes what is new, if there is anything.

    Raises:
        JobError: the lake cannot be built from it.
    """
    places = Places(args.events, args.lake, args.live, args.staging)
    place = places.live.child(BOOKMARK)
    bookmark = read_bookmark(place)
    arrivals = new_objects(
        places.events,
        replace(bookmark, closed="", done=frozenset()) if args.again else bookmark,
        args.max_objects,
    )
    changes = Changes()
    if any(found.size for found in arrivals.objects):
        changes = build(places, arrivals, bookmark, args)
    retired: dict[str, list[str]] = {}
    if arrivals.objects:
        bookmark = moved_on(bookmark, places.events, arrivals, args.now)
        retired = retire(places.lake, [*event_types(), REJECTED], bookmark, args.retention_days)
        bookmark = replace(
            bookmark,
            gone=changes.gone if changes.lines else bookmark.gone,
            rows=changes.rows(bookmark.rows, retired),
        )
        write_bookmark(place, bookmark, args.kms_key)
    numbers = metrics(changes, arrivals, retired)
    write_report(args.report, numbers, document(changes, bookmark, retired))
    print(json.dumps(numbers))


def moment(text: str) -> datetime:
    """A time of ISO 8601 with its zone, in UTC."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no zone: add Z for UTC")
    return found.astimezone(UTC)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Events that have arrived, into the lake, with Spark.")
    parser.add_argument("--events", type=folder, required=True, help="S3 URI below which events arrive")
    parser.add_argument("--lake", type=folder, required=True, help="S3 URI of the tables")
    parser.add_argument("--live", type=folder, required=True, help="S3 URI of the bookmark and the columns")
    parser.add_argument(
        "--staging", type=folder, required=True, help="S3 URI of this run; what is there goes"
    )
    parser.add_argument("--report", required=True, help="folder or S3 URI of metrics.json and changes.json")
    parser.add_argument(
        "--max-late-days", type=number(int, 0, 365), default=30, help="later events are rejected"
    )
    parser.add_argument("--retention-days", type=number(int, 31), default=400, help="older days are deleted")
    parser.add_argument("--max-objects", type=number(int, 1), default=20_000, help="most objects of a run")
    parser.add_argument(
        "--again", action="store_true", help="take every object again, whatever the bookmark says"
    )
    parser.add_argument(
        "--now", type=moment, default=datetime.now(UTC), help="for hours that are still to come"
    )
    parser.add_argument(
        "--kms-key", help="encrypts what is written; without it the bucket's own encryption counts"
    )
    args = parser.parse_args(argv)
    if args.retention_days <= args.max_late_days:
        parser.error(
            f"--retention-days {args.retention_days} must be more than --max-late-days {args.max_late_days}"
        )
    return run_job(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
