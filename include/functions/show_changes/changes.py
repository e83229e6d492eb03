"""What a message says: that a show of the catalog has changed, and which.

JSON with ``event_id``, ``event_type`` (``show_changed``), ``event_time`` (ISO 8601, UTC, with a Z) and
``show_id``. What the show is now, only the catalog says.
"""

import json
import re
from dataclasses import dataclass

EVENT_TYPE = "show_changed"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
"""An id becomes part of a URL: nothing else may be in it."""


class MalformedChangeError(ValueError):
    """A message that no retry makes better. It says what is wrong with it."""


@dataclass(frozen=True)
class Change:
    """A show has changed.

    Attributes:
        event_id: the same for every delivery of this change; the lake keeps one event of it.
        event_time: when it changed, as the service wrote it.
        show_id: which.
    """

    event_id: str
    event_time: str
    show_id: str


def change(body: str) -> Change:
    """What a message says.

    Raises:
        MalformedChangeError: it is no such message.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedChangeError(f"it is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise MalformedChangeError(f"it is {type(found).__name__}, not an object")
    if found.get("event_type") != EVENT_TYPE:
        raise MalformedChangeError(f"event_type is {found.get('event_type')!r}, not {EVENT_TYPE!r}")
    fields = {}
    for name, pattern in (("event_id", ID), ("event_time", TIME), ("show_id", ID)):
        value = found.get(name)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise MalformedChangeError(
                f"{name} is {str(value)[:60]!r}, which does not match {pattern.pattern}"
            )
        fields[name] = value
    return Change(**fields)
