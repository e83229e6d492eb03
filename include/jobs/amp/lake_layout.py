"""Where the lake's tables stand: ``<lake>/<table>/day=YYYY-MM-DD/part-00000-of-00001.parquet``.

A day of a table has as many files as its first writing gave it, and each event has its one file by a hash of
its id: whoever adds events knows which files they are in, and which they are not in.
"""

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from objects import THREADS, Found, Location, client, folders, listed

REJECTED = "rejected"
"""The table of lines that are no event; its days are those of their arrival."""
ROWS_PER_FILE = 1_500_000
PART = re.compile(r"day=(\d{4}-\d\d-\d\d)/part-(\d{5})-of-(\d{5})\.parquet")


@dataclass(frozen=True)
class Part:
    """A file of a table: its number among those of its day, and the object that it is."""

    day: str
    number: int
    count: int
    found: Found


def file_name(number: int, count: int) -> str:
    """The name of a day's file.

    >>> file_name(0, 1)
    'part-00000-of-00001.parquet'
    """
    return f"part-{number:05}-of-{count:05}.parquet"


def place(lake: Location, table: str, day: str, number: int, count: int) -> Location:
    """Where a file of a table belongs."""
    return lake.child(f"{table}/day={day}/{file_name(number, count)}")


def days(lake: Location, table: str) -> list[str]:
    """The days that a table has, the oldest first."""
    names = folders(lake.child(f"{table}/"))
    return sorted(name.removeprefix("day=") for name in names if name.startswith("day="))


def parts(lake: Location, table: str, of_days: Iterable[str]) -> list[Part]:
    """The files of some days of a table, in the order of their names."""
    client()  # Made here: making it is not for several threads.
    with ThreadPoolExecutor(THREADS) as pool:
        found = pool.map(lambda day: listed(lake.child(f"{table}/day={day}/")), sorted(of_days))
        return [part for some in found for each in some if (part := _part(lake, table, each))]


def file_counts(rows: dict[str, int], existing: Sequence[Part]) -> dict[str, int]:
    """How many files each day has: what the names of its files say, or enough for ``rows`` of a new day."""
    named = {part.day: part.count for part in existing}
    return {day: named.get(day, max(1, -(-count // ROWS_PER_FILE))) for day, count in rows.items()}


def _part(lake: Location, table: str, found: Found) -> Part | None:
    name = PART.fullmatch(found.location.key.removeprefix(lake.child(f"{table}/").key))
    return Part(name[1], int(name[2]), int(name[3]), found) if name else None
