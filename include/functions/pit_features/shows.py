"""What an event says of a show: the catalog's entry from then on.

A ``show`` has ``show_id``, ``creator_id``, ``title``, ``topics``, ``starts_at``, ``minutes`` (how long it is
planned to be) and ``status``, as the lake has it. What the catalog said last counts: the greatest
(``event_time``, ``event_id``).
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import events
from events import EPOCH, Event, MalformedEventError, days
from keys import ACCEPTED_DAYS, LONGEST_ID, SEEN_DAYS, is_id

KIND = "show"
STATUSES = ("scheduled", "live", "ended", "cancelled")
OVER = ("ended", "cancelled")
MOST_TOPICS = 50
LONGEST_TITLE = 500
LONGEST_SHOW = 1_440
"""Minutes."""
FARTHEST_START = 400
"""Days."""


@dataclass(frozen=True)
class Change:
    """The catalog's entry of a show after one event.

    Attributes:
        show: its id.
        time: when it was changed, in microseconds since 1970-01-01.
        event: the event's id.
        forgotten: when the entry can go, in seconds since 1970-01-01: no event that it outdates comes then.
        entry: JSON, read by ``listing.py``; empty of a show that is over.
    """

    show: str
    time: int
    event: str
    forgotten: int
    entry: str

    def is_late(self, now: datetime) -> bool:
        """Whether it could have been outdated and forgotten by now."""
        return self.time // 86_400_000_000 < days(now) - ACCEPTED_DAYS


def change(event: Event, now: datetime) -> Change:
    """What the event says.

    Raises:
        MalformedEventError: a field is not of the contract, or it happened in the future.
    """
    moment = events.happened(event, now)
    show, creator = events.identity(event, "show_id"), events.identity(event, "creator_id")
    status = event.get("status")
    if status not in STATUSES:
        raise MalformedEventError(f"status is {status!r:.80}, which is none of {', '.join(STATUSES)}")
    starts = _start(event, now)
    said = {
        "creator_id": creator,
        "topics": _topics(event),
        "title": _title(event),
        "starts_at": _since_1970(starts) // 1_000,
        "minutes": _minutes(event),
        "status": status,
        "changed_at": _since_1970(moment) // 1_000,
    }
    is_over = status in OVER
    last = moment if is_over else max(moment, starts)
    return Change(
        show,
        _since_1970(moment),
        events.identity(event, "event_id"),
        (days(last) + 1 + SEEN_DAYS) * 86_400,
        "" if is_over else json.dumps(said, separators=(",", ":")),
    )


def _start(event: Event, now: datetime) -> datetime:
    starts = events.time(event, "starts_at")
    if starts > now + timedelta(days=FARTHEST_START):
        raise MalformedEventError(
            f"starts_at is {event['starts_at']}, more than {FARTHEST_START} days after {now.isoformat()}"
        )
    return starts


def _topics(event: Event) -> list[str]:
    topics: Any = event.get("topics")
    if not isinstance(topics, list) or len(topics) > MOST_TOPICS or not all(map(is_id, topics)):
        raise MalformedEventError(
            f"topics is {topics!r:.80}, not up to {MOST_TOPICS} texts of 1 to {LONGEST_ID} characters"
        )
    return topics


def _title(event: Event) -> str:
    title = event.get("title")
    # Half a surrogate pair cannot be written as UTF-8.
    if (
        not isinstance(title, str)
        or len(title) > LONGEST_TITLE
        or any("\ud800" <= c <= "\udfff" for c in title)
    ):
        raise MalformedEventError(f"title is {title!r:.80}, not a text of up to {LONGEST_TITLE} characters")
    return title


def _minutes(event: Event) -> int:
    """0 for one without a planned length."""
    minutes = event.get("minutes") or 0
    if type(minutes) is not int or not 0 <= minutes <= LONGEST_SHOW:
        raise MalformedEventError(f"minutes is {minutes!r:.80}, not a whole number from 0 to {LONGEST_SHOW}")
    return minutes


def _since_1970(moment: datetime) -> int:
    """Microseconds."""
    return (moment - EPOCH) // timedelta(microseconds=1)
