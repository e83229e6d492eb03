"""What all events have: JSON objects with a type, an id and the time at which it happened.

Event types, each with ``event_id``, ``event_type`` and ``event_time`` (ISO 8601, UTC, with a Z):

- ``like``, ``session_started``, ``session_ended``, ``session``: see ``observations.py``
- ``show``: see ``shows.py``
"""

import json
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from keys import AHEAD_SECONDS, LONGEST_ID, is_id

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Event = Mapping[str, Any]


class MalformedEventError(ValueError):
    """An event that no retry makes better. The message says what is wrong with it."""


def days(moment: datetime) -> int:
    """Whole days since 1970-01-01."""
    return (moment - EPOCH).days


def read(body: str, kinds: Collection[str]) -> Event:
    """The event of a body.

    Raises:
        MalformedEventError: it is no JSON object, or has another type than these.
    """
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedEventError(f"it is no JSON: {error}") from None
    if not isinstance(event, dict):
        raise MalformedEventError(f"it is a JSON {type(event).__name__}, not an object")
    kind = event.get("event_type")
    if not isinstance(kind, str) or kind not in kinds:
        raise MalformedEventError(f"event_type is {kind!r}, which is none of {', '.join(kinds)}")
    return event


def identity(event: Event, name: str) -> str:
    """An id; raises `MalformedEventError`."""
    value = event.get(name)
    if not is_id(value):
        raise MalformedEventError(f"{name} is {value!r:.80}, not 1 to {LONGEST_ID} printable characters")
    return value


def time(event: Event, name: str) -> datetime:
    """A time; raises `MalformedEventError`."""
    value = event.get(name)
    try:
        # Only this form; Python takes more.
        return datetime.fromisoformat(value if isinstance(value, str) and TIME.fullmatch(value) else "")
    except ValueError:
        raise MalformedEventError(f"{name} is {value!r:.80}, no time such as 2026-11-22T09:30:00Z") from None


def happened(event: Event, now: datetime) -> datetime:
    """Its ``event_time``; raises `MalformedEventError` if that is in the future."""
    moment = time(event, "event_time")
    if moment > now + timedelta(seconds=AHEAD_SECONDS):
        raise MalformedEventError(
            f"event_time is {event['event_time']}, more than {AHEAD_SECONDS} s after {now.isoformat()}"
        )
    return moment
