"""The counters of one user, of shows and of creators, in one pipelined read.

It ships with ``keys.py`` to whoever ranks shows. docs/features.md has what the counters mean.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple

import keys

EPOCH = date(1970, 1, 1)


class TooOldError(ValueError):
    """Counters of days that are not kept any more are asked for."""


class Counts(NamedTuple):
    """Of one user, show or creator; see docs/features.md."""

    likes: int = 0
    listens: int = 0
    long_sessions: int = 0
    listening_milliseconds: int = 0

    @property
    def listening_minutes(self) -> float:
        """The unit of the daily features."""
        return self.listening_milliseconds / 60_000


NOTHING = Counts()
NO_OTHERS: Mapping[tuple[keys.Kind, str], date] = {}


class PointInTime(NamedTuple):
    """What has been counted; a show that nobody liked or listened to has zeros."""

    user: Counts
    shows: dict[str, Counts]
    creators: dict[str, Counts]


def read(
    client: Any,
    user: str,
    shows: Collection[str],
    creators: Collection[str] = (),
    *,
    since: date,
    others: Mapping[tuple[keys.Kind, str], date] = NO_OTHERS,
) -> PointInTime:
    """What was counted from a day (UTC) until now.

    Args:
        client: `redis.Redis` or `redis.RedisCluster`.
        user: its id.
        shows: their ids, each once.
        creators: their ids, each once.
        since: the version of the daily features that the counts are to be added to.
        others: the version where that of one's features is another one.

    Raises:
        TooOldError: counts of one of these days are not kept any more.
        redis.exceptions.RedisError: the server does not answer.
    """
    first = min([since, *others.values()])
    if first < oldest():
        raise TooOldError(
            f"Counts since {first} are asked for; those of days before {oldest()} are not kept."
        )
    wanted: list[tuple[keys.Kind, str]] = [("user", user)]
    wanted += [("show", show) for show in shows]
    wanted += [("creator", creator) for creator in creators]
    texts = _texts(client, [keys.counters(*each) for each in wanted])
    counts = [
        _counts(text, (others.get(each, since) - EPOCH).days)
        for each, text in zip(wanted, texts, strict=True)
    ]
    return PointInTime(
        counts[0],
        dict(zip(shows, counts[1 : 1 + len(shows)], strict=True)),
        dict(zip(creators, counts[1 + len(shows) :], strict=True)),
    )


def oldest() -> date:
    """The first day (UTC) of which counts are kept."""
    return datetime.now(UTC).date() - timedelta(days=keys.COUNTED_DAYS)


def commands(names: Sequence[str]) -> list[list[str]]:
    """Keys by the MGET that reads them: those of a partition are in one slot."""
    partitions: dict[str, list[str]] = {}
    for name in names:
        partitions.setdefault(name.partition("}")[0], []).append(name)
    return list(partitions.values())


def _texts(client: Any, names: Sequence[str]) -> list[bytes | None]:
    """Their values, in their order."""
    read = commands(names)
    pipeline = client.pipeline(transaction=False)
    for group in read:
        # Not mget(): that of a cluster's pipeline refuses more than one key.
        pipeline.execute_command("MGET", *group)
    found = dict(zip(chain.from_iterable(read), chain.from_iterable(pipeline.execute()), strict=True))
    return [found[name] for name in names]


def _counts(text: bytes | None, since: int) -> Counts:
    """The sum of the days from ``since``. It runs a thousand times in a request."""
    if text is None:
        return NOTHING
    likes = listens = long_sessions = milliseconds = 0
    for entry in text.split(b";"):
        day, *counts = entry.split(b",")
        if int(day) >= since:
            likes += int(counts[0])
            listens += int(counts[1])
            long_sessions += int(counts[2])
            milliseconds += int(counts[3])
    return Counts(likes, listens, long_sessions, milliseconds)
