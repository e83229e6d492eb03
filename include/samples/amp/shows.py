"""The shows of a day, and what the catalog says about them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from events import DAY, HOUR, MINUTE, Events, identities
from population import Creators, Ints, Topics, hours
from topics import NONE, PATTERNS, packed
from world import World

Times = npt.NDArray[np.int64]
"""Milliseconds since the start of the world's first day."""

SCHEDULED, LIVE, ENDED, CANCELLED = range(4)
STATUSES = ("scheduled", "live", "ended", "cancelled")
CHANNELS = ("home", "push", "email", "social")
UNPLANNED_SHARE = 0.15
"""Shows that are not in anybody's regular slot."""
CANCELLED_SHARE, CHANGED_SHARE, PROMOTED_SHARE = 0.04, 0.08, 0.06
AHEAD = 2
"""Days before its own on which a show may be scheduled."""


@dataclass(frozen=True)
class Shows:
    """Arrays by show."""

    number: Ints
    creator: Ints
    topics: Topics
    """(n, 3)"""
    title: Ints
    starts: Times
    """As planned."""
    minutes: Ints
    """As planned."""
    live: Times
    """When it went on the air."""
    ended: Times
    status: npt.NDArray[np.int8]
    """`LIVE` or `CANCELLED`: what becomes of it."""
    scheduled: Times
    """When it was put into the catalog."""
    changed: Times
    """When what the catalog says was changed; -1 for never."""
    promoted: Times
    """When it was promoted; -1 for never."""
    quality: npt.NDArray[np.float32]
    """Of this show, beside its creator's. Hidden."""

    def only(self, chosen: npt.NDArray[np.bool_]) -> "Shows":
        """Those chosen."""
        return Shows(**{name: column[chosen] for name, column in vars(self).items()})


def together(parts: list[Shows]) -> Shows:
    """Shows of several days."""
    columns = {name: np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])}
    return Shows(**columns)


def shows(world: World, makers: Creators, index: int) -> Shows:
    """Those that are planned to start on a day; none before the first day."""
    rng = world.rng("shows", index)
    who, minute = _planned(world, makers, index, rng)
    count, start = len(who), index * DAY
    starts = start + minute * MINUTE
    live = starts + rng.integers(0, 3 * MINUTE, count)
    minutes = makers.minutes[who]
    lasts = minutes * np.clip(rng.normal(1, 0.12, count), 0.5, 1.5)
    lead = np.clip(rng.lognormal(2.3, 0.8, count), 1, 24 * AHEAD - 1) * HOUR
    scheduled = np.maximum((starts - lead).astype(np.int64), (rng.random(count) * minute * 1000).astype(int))
    topics = _topics(rng, makers, who)

    def between(share: float) -> Times:
        when = scheduled + ((starts - scheduled) * rng.uniform(0.1, 0.9, count)).astype(np.int64)
        return np.where(rng.random(count) < share, when, -1)

    stride = world.creators + _unplanned(world)
    return Shows(
        number=(index * stride + np.arange(count)).astype(np.int32),
        creator=who.astype(np.int32),
        topics=topics,
        title=(topics[:, 0].astype(np.int32) * len(PATTERNS) + rng.integers(0, len(PATTERNS), count)).astype(
            np.int32
        ),
        starts=starts,
        minutes=minutes,
        live=live,
        ended=live + (lasts * MINUTE).astype(np.int64),
        status=np.where(rng.random(count) < CANCELLED_SHARE, CANCELLED, LIVE).astype(np.int8),
        scheduled=scheduled,
        changed=between(CHANGED_SHARE),
        promoted=between(PROMOTED_SHARE),
        quality=rng.normal(0, 0.4, count).astype(np.float32),
    )


def catalog(world: World, makers: Creators, index: int) -> list[Events]:
    """Events of the catalog, and promotions, that happen on a day or follow from its shows."""
    rng = world.rng("catalog", index)
    coming = together([shows(world, makers, index + ahead) for ahead in range(AHEAD + 1)])
    own = coming.only(coming.starts // DAY == index)
    aired = own.only(own.status == LIVE)
    off = coming.only(coming.status == CANCELLED)
    given_up = off.scheduled + (off.starts - off.scheduled) // 2
    told = [
        _told(coming, coming.scheduled, SCHEDULED, index, earlier=True),
        _told(coming, coming.changed, SCHEDULED, index),
        _told(off, given_up, CANCELLED, index),
        _told(aired, aired.live, LIVE),
        _told(aired, aired.ended, ENDED),
    ]
    promoted = coming.only((coming.promoted // DAY == index) & (coming.promoted >= 0))
    channel = rng.integers(0, len(CHANNELS), len(promoted.number))
    promotion: dict[str, npt.NDArray[Any]] = {
        "show_id": promoted.number,
        "creator_id": promoted.creator,
        "channel": channel,
    }
    return [
        *(Events("show", identities(rng, len(when)), when, columns) for when, columns in told),
        Events("promotion", identities(rng, len(channel)), promoted.promoted, promotion),
    ]


def _told(
    some: Shows, when: Times, status: int, index: int | None = None, *, earlier: bool = False
) -> tuple[Times, dict[str, npt.NDArray[Any]]]:
    """What the catalog says of these shows, only on the day of the index if there is one.

    ``earlier``: a show whose entry is changed later is planned shorter, and under another title.
    """
    if index is not None:
        on_day = (when // DAY == index) & (when >= 0)
        some, when = some.only(on_day), when[on_day]
    other = (some.changed >= 0) & earlier
    title = np.where(other, some.title // len(PATTERNS) * len(PATTERNS), some.title)
    return when, {
        "show_id": some.number,
        "creator_id": some.creator,
        "title": title,
        "topics": packed(some.topics),
        "starts_at": some.starts,
        "minutes": np.where(other, some.minutes - 15, some.minutes),
        "status": np.full(len(when), status),
    }


def _planned(
    world: World, makers: Creators, index: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], Times]:
    """Creators with a show on a day, and its minute: regular ones, most of them, and unplanned ones."""
    weekday = world.day(index).weekday()
    begun = makers.begins <= index
    regular = np.flatnonzero(makers.slots[:, weekday] & begun & (rng.random(len(begun)) < 0.95))  # noqa: PLR2004
    weights = makers.popularity * begun
    extra = rng.choice(len(weights), _unplanned(world), p=weights / weights.sum())
    minute = 60 * hours(rng, len(extra)) + 15 * rng.integers(0, 4, len(extra))
    who, minutes = np.concatenate([regular, extra]), np.concatenate([makers.minute[regular], minute])
    order = np.argsort(minutes, kind="stable")
    return who[order], minutes[order].astype(np.int64)


def _unplanned(world: World) -> int:
    return max(1, round(UNPLANNED_SHARE * world.shows_per_day))


def _topics(rng: np.random.Generator, makers: Creators, who: npt.NDArray[np.int64]) -> Topics:
    """Mostly the creator's first topic; often the second, sometimes any third."""
    count = len(who)
    first, second = makers.topics[who].T
    swap = (rng.random(count) < 0.2) & (second != NONE)  # noqa: PLR2004
    head, other = np.where(swap, second, first), np.where(swap, first, second)
    tail = np.where(rng.random(count) < 0.5, other, NONE)  # noqa: PLR2004
    third = np.where((rng.random(count) < 0.15) & (tail != NONE), rng.integers(0, NONE, count), NONE)  # noqa: PLR2004
    third = np.where((third == head) | (third == tail), NONE, third)
    return np.stack([head, tail, third], axis=1).astype(np.int8)
