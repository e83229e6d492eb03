"""What an event says of a like or of a session.

Event types, each with ``user_id``, ``show_id`` and ``creator_id``:

- ``like``
- ``session_started``, ``session_ended``: with ``session_id``, the same in both
- ``session``: a whole one, as the lake has it, with its ``seconds``; it happened when it ended. Its
  ``event_id`` is the session's id.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import events
from events import EPOCH, Event, MalformedEventError, days
from keys import ACCEPTED_DAYS, Kind

DAY = 86_400_000
LONGEST_SESSION = 86_400
"""Seconds."""
WHO: tuple[Kind, ...] = ("user", "show", "creator")


@dataclass(frozen=True)
class Observation:
    """What is known of a like or a session after one event.

    Attributes:
        kind: ``like`` or ``session``.
        identity: 12 bytes, the same for every event about it.
        first: when it began, in milliseconds since 1970-01-01; None if the event does not say.
        last: when it ended, or when the show was liked; None if the event does not say.
        entities: (kind, id) of the user, the show and the creator.
    """

    kind: str
    identity: bytes
    first: int | None
    last: int | None
    entities: tuple[tuple[Kind, str], ...]

    @property
    def day(self) -> int:
        """Of its latest time, in days since 1970-01-01."""
        return max(time for time in (self.first, self.last) if time is not None) // DAY

    def is_late(self, now: datetime) -> bool:
        """Whether it could have been counted and forgotten by now."""
        return self.day < days(now) - ACCEPTED_DAYS


def observation(event: Event, now: datetime) -> Observation:
    """What the event, of one of `KINDS`, says.

    Args:
        event: as ``events.read`` gives it.
        now: when it is read; aware.

    Raises:
        MalformedEventError: a field is not of the contract, or it happened in the future.
    """
    events.identity(event, "event_id")
    time = (events.happened(event, now) - EPOCH) // timedelta(milliseconds=1)
    entities = tuple((each, events.identity(event, f"{each}_id")) for each in WHO)
    name, own, first, last = KINDS[event["event_type"]](event, time)
    return Observation(name, _digest(name, entities[0][1], entities[1][1], own), first, last, entities)


Said = tuple[str, str, int | None, int | None]
"""``like`` or ``session``, what tells it from others of this user and show, first and last time."""


def _like(_: Event, time: int) -> Said:
    return "like", "", None, time


def _started(event: Event, time: int) -> Said:
    return "session", events.identity(event, "session_id"), time, None


def _ended(event: Event, time: int) -> Said:
    return "session", events.identity(event, "session_id"), None, time


def _session(event: Event, time: int) -> Said:
    seconds = event.get("seconds")
    if type(seconds) is not int or not 0 <= seconds <= LONGEST_SESSION:
        raise MalformedEventError(f"seconds is {seconds!r}, not a whole number from 0 to {LONGEST_SESSION}")
    return "session", events.identity(event, "event_id"), time - 1000 * seconds, time


KINDS: dict[str, Callable[[Event, int], Said]] = {
    "like": _like,
    "session_started": _started,
    "session_ended": _ended,
    "session": _session,
}


def _digest(*parts: str) -> bytes:
    """Short, however long the ids are: it is what remembering an event costs."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=12).digest()
