"""The days of the lake: which objects of which table hold a day, and the fingerprint that tells of a change.

The lake replaces an object only if it gains rows, so keys, entity tags and sizes say whether a day is still
the one that partials were made of.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date

from failure import JobError
from objects import Found, Location, LocationError, client, listed
from tables import EVERY_DAY, SOURCES

DAY = re.compile(r"day=(\d{4}-\d{2}-\d{2})/[^/]+\.parquet")


@dataclass
class LakeDay:
    """What the lake has of a day: table -> its objects, in the order of their keys."""

    objects: dict[str, list[Found]] = field(default_factory=lambda: defaultdict(list))

    @property
    def fingerprint(self) -> str:
        """SHA-256 over table, name, entity tag and size of each object."""
        total = hashlib.sha256()
        for table, found in sorted(self.objects.items()):
            for item in found:
                name = item.location.key.rpartition("/")[2]
                total.update(f"{table}\0{name}\0{item.etag}\0{item.size}\n".encode())
        return total.hexdigest()


def lake_days(lake: Location, end: date) -> dict[date, LakeDay]:
    """The days before ``end`` of which the lake has anything, the oldest first.

    Each table is listed once, a thousand objects a call, all tables at a time.

    Raises:
        JobError: there is no such bucket, or no session in the lake before ``end``.
    """
    client()  # Made here: making it is not for several threads.
    try:
        with ThreadPoolExecutor(len(SOURCES)) as pool:
            tables = dict(
                zip(SOURCES, pool.map(lambda table: _days(lake.child(table), end), SOURCES), strict=False)
            )
    except LocationError as error:
        raise JobError(str(error)) from error
    if not tables[EVERY_DAY]:
        raise JobError(
            f"The lake at {lake} has no {EVERY_DAY} before {end}: run amp_lake first, or give a later day."
        )
    days: dict[date, LakeDay] = defaultdict(LakeDay)
    for table, found in tables.items():
        for day, objects in found.items():
            days[day].objects[table] = objects
    return dict(sorted(days.items()))


def _days(table: Location, end: date) -> dict[date, list[Found]]:
    days: dict[date, list[Found]] = defaultdict(list)
    prefix = table.child("")
    for found in listed(prefix):
        matched = DAY.fullmatch(found.location.key.removeprefix(prefix.key))
        if matched and (day := date.fromisoformat(matched[1])) < end:
            days[day].append(found)
    return days


def missing_days(have: Collection[date], wanted: list[date]) -> list[date]:
    """The wanted days that are not there, but for those before the first one there is."""
    first = min(have)
    return [day for day in wanted if day >= first and day not in have]
