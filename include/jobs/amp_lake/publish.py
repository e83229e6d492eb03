"""Puts written files where readers find them, and takes old days away.

Each file appears by one copy inside S3, whole or not at all. Between two of them a reader sees some files as
they were and some as they are now, each of them true.
"""

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

from arrived_objects import HOUR
from bookmark import Bookmark
from failure import JobError
from lake_layout import Part, days, parts, place
from merge import Merged
from objects import THREADS, Found, Location, client, copy, delete_below, listed

STAGED = re.compile(r"day=(\d{4}-\d\d-\d\d)/file=(\d+)/part-[^/]+\.parquet")


def moves(merged: Merged, lake: Location, staging: Location) -> list[tuple[Found, Location]]:
    """The written files of a table, and where each belongs.

    Raises:
        RuntimeError: they are not one for each file that gains rows, which is a defect of this job.
    """
    folder = staging.child(f"{merged.table}/")
    found: dict[tuple[str, int], list[Found]] = {}
    for each in listed(folder):
        if name := STAGED.fullmatch(each.location.key.removeprefix(folder.key)):
            found.setdefault((name[1], int(name[2])), []).append(each)
    if found.keys() != merged.gains.keys() or any(len(files) > 1 for files in found.values()):
        raise RuntimeError(f"{folder} has {sorted(found)}, but {sorted(merged.gains)} gain rows.")
    return [
        (files[0], place(lake, merged.table, day, number, merged.counts[day]))
        for (day, number), files in sorted(found.items())
    ]


def check_unchanged(lake: Location, table: str, before: Sequence[Part]) -> None:
    """Raises `JobError` if somebody else has written the table's days since they were looked at."""
    now = parts(lake, table, {part.day for part in before})
    former = {part.found for part in before}
    if changed := [part.found for part in now if part.found not in former]:
        raise JobError(
            f"{changed[0].location} has been written by another job while this one ran; its rows would be "
            "lost. Let the other one end, then run this one again."
        )


def publish(files: Iterable[tuple[Found, Location]], kms_key: str | None) -> None:
    """Copies each file to its place."""
    client()  # Made here: making it is not for several threads.
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda move: copy(move[0].location, move[1], kms_key), files))


def retire(
    lake: Location, tables: Iterable[str], bookmark: Bookmark, retention_days: int
) -> dict[str, list[str]]:
    """Deletes days that are older than ``retention_days`` before the newest arrival; which, by table."""
    if not bookmark.newest:
        return {}
    newest = datetime.strptime(bookmark.newest, HOUR).date()  # noqa: DTZ007  # all hours are of UTC
    oldest = newest - timedelta(days=retention_days)
    retired = {}
    for table in tables:
        if old := [day for day in days(lake, table) if date.fromisoformat(day) < oldest]:
            for day in old:
                delete_below(lake.child(f"{table}/day={day}"))
            retired[table] = old
    return retired
