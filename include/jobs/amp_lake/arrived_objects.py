"""The objects that have arrived and are not in the lake yet.

Firehose names an object by the hour in which it arrives, ``YYYY/MM/DD/HH/...gz`` in UTC, so the order of the
keys is the order of arrival: the listing begins where every former hour is done.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bookmark import Bookmark
from failure import JobError
from objects import Found, Location, LocationError, listed_after

ARRIVED = re.compile(r"(\d{4}/\d\d/\d\d/\d\d)/[^/]+\.gz")
HOUR = "%Y/%m/%d/%H"
OPEN_HOURS = 3
"""An hour is closed when something has arrived so many hours later. Firehose keeps events back for 15
minutes at most, and for longer only where the bucket refuses them."""


@dataclass(frozen=True)
class Arrivals:
    """What a run takes.

    Args:
        objects: those that are new, in the order of their keys.
        ignored: how many objects are there that Firehose has not named so.
        more: whether there are still others.
    """

    objects: tuple[Found, ...]
    ignored: int
    more: bool


def hour_of(key: str) -> str | None:
    """The hour of arrival in a key below the prefix of the events; None for what did not arrive by Firehose.

    >>> hour_of("2026/01/02/03/amp-events-1-2026-01-02-03-04-05-a.gz")
    '2026/01/02/03'
    """
    found = ARRIVED.fullmatch(key)
    return found[1] if found else None


def new_objects(source: Location, bookmark: Bookmark, most: int) -> Arrivals:
    """At most ``most`` objects below ``source`` that are not done.

    Raises:
        JobError: there is no such bucket.
    """
    taken: list[Found] = []
    ignored = 0
    for key, found in _after(source, bookmark.closed):
        if key in bookmark.done:
            continue
        if hour_of(key) is None:
            ignored += 1
        elif len(taken) == most:
            return Arrivals(tuple(taken), ignored, more=True)
        else:
            taken.append(found)
    return Arrivals(tuple(taken), ignored, more=False)


def _after(source: Location, closed: str) -> Iterator[tuple[str, Found]]:
    """What is listed behind an hour, each with its key below ``source``."""
    prefix = source.child("")
    # A slash comes right before the zero: behind this key are all later hours.
    start = f"{prefix.key}{closed}0" if closed else ""
    try:
        for found in listed_after(prefix, start):
            yield found.location.key.removeprefix(prefix.key), found
    except LocationError as error:
        raise JobError(str(error)) from error


def moved_on(bookmark: Bookmark, source: Location, arrivals: Arrivals, now: datetime) -> Bookmark:
    """The bookmark when the arrivals are in the lake.

    Hours are closed by what has arrived and not by the clock: events may be put there later for hours long
    past. An hour that is still to come closes nothing.
    """
    prefix = source.child("").key
    keys = {found.location.key.removeprefix(prefix) for found in arrivals.objects}
    hours = sorted(hour for key in keys if (hour := hour_of(key)) and hour <= now.strftime(HOUR))
    if not hours:
        return replace(bookmark, done=bookmark.done | keys)
    newest = max(bookmark.newest, hours[-1])
    last = datetime.strptime(newest, HOUR) - timedelta(hours=OPEN_HOURS)  # noqa: DTZ007  # only counted in
    closed = max(bookmark.closed, last.strftime(HOUR))
    return replace(
        bookmark,
        closed=closed,
        done=frozenset(key for key in bookmark.done | keys if (hour_of(key) or "") > closed),
        first=min(bookmark.first or hours[0], hours[0]),
        newest=newest,
    )
