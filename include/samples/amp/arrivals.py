"""When events arrive and what happens to them on the way: late, repeated, broken, from a wrong clock."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from events import DAY, HOUR, SECOND, Events

NEXT_DAY, TWO_DAYS, SKEWED, MALFORMED = 0.008, 0.002, 0.0005, 0.001
"""Shares of the events, each event at most one of these."""
REPEATED = 0.01
"""Share of the events that arrive twice, the others among them."""
LATE, SKEW, BROKEN, AGAIN = 1, 2, 4, 8
"""Marks of an arrival."""
SPILL = 3
"""The events of a day have all arrived so many days later."""
BUFFERED = 90 * SECOND
"""What an event takes when nothing goes wrong, at most."""


@dataclass(frozen=True)
class Arrivals:
    """Arrivals of events of one type; who arrives twice is there twice."""

    events: Events
    arrival: npt.NDArray[np.int64]
    """Milliseconds since the start of the world's first day."""
    mark: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.arrival)

    def between(self, start: int, end: int) -> "Arrivals":
        """Those from one time to before another."""
        rows = np.flatnonzero((self.arrival >= start) & (self.arrival < end))
        return Arrivals(self.events.take(rows), self.arrival[rows], self.mark[rows])


def arrivals(rng: np.random.Generator, events: Events) -> Arrivals:
    """Sends events on their way."""
    count = len(events)
    fate = rng.random(count)
    edges = np.cumsum([NEXT_DAY, TWO_DAYS, SKEWED, MALFORMED])
    next_day, two_days, skewed, broken = (
        (fate < high) & (fate >= low) for low, high in zip([0.0, *edges[:-1]], edges, strict=True)
    )
    late = next_day | two_days
    arrival = events.time + rng.integers(SECOND, BUFFERED, count)
    # Not after 23:00, so that a repeated one is there on the same day.
    midnight = (events.time // DAY + np.where(two_days, 2, 1)) * DAY
    arrival = np.where(late, midnight + (rng.random(count) * 23 * HOUR).astype(np.int64), arrival)
    # More than an hour ahead also of the end of the hour in which it arrives, if need be again.
    ahead = np.where(skewed, (rng.uniform(3.1, 30, count) * HOUR).astype(np.int64), 0)
    mark = (late * LATE + skewed * SKEW + broken * BROKEN).astype(np.uint8)
    twice = np.flatnonzero(rng.random(count) < REPEATED)
    again = arrival[twice] + rng.integers(SECOND, HOUR, len(twice))
    rows = np.concatenate([np.arange(count), twice])
    return Arrivals(
        _ahead(events, ahead).take(rows),
        np.concatenate([arrival, again]),
        np.concatenate([mark, mark[twice] | AGAIN]),
    )


def together(parts: Sequence[Arrivals]) -> list[Arrivals]:
    """One for each type that there is, in the order of their first."""
    kinds: dict[str, list[Arrivals]] = {}
    for part in parts:
        if len(part):
            kinds.setdefault(part.events.kind, []).append(part)
    return [_joined(same) for same in kinds.values()]


def _joined(same: Sequence[Arrivals]) -> Arrivals:
    first = same[0].events
    events = Events(
        first.kind,
        np.concatenate([each.events.identity for each in same]),
        np.concatenate([each.events.time for each in same]),
        {name: np.concatenate([each.events.payload[name] for each in same]) for name in first.payload},
    )
    return Arrivals(
        events, np.concatenate([each.arrival for each in same]), np.concatenate([each.mark for each in same])
    )


def _ahead(events: Events, ahead: npt.NDArray[np.int64]) -> Events:
    """The events as clocks that are so much ahead tell them."""
    payload = dict(events.payload)
    if "started_at" in payload:
        payload["started_at"] = payload["started_at"] + ahead
    return Events(events.kind, events.identity, events.time + ahead, payload)
