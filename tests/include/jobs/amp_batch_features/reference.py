"""The 21 features of a day in plain Python, from the lines that arrived, by the letter of docs/features.md.

It shares nothing with the jobs, not even the contract's file, and is meant to be obviously right, not fast.
"""

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

Event = dict[str, Any]
Features = dict[str, dict[str, dict[str, float | None]]]
"""Group -> key of the entity -> feature -> value."""

WINDOW, RECENT, HALF_LIFE = 60, 14, 14
"""Days."""
LONG = 300
"""Seconds that a long session exceeds."""
MAX_LATE = 30
"""Days before its arrival that an event may have happened."""

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


def is_text(value: object) -> bool:
    return isinstance(value, str)


def is_number(value: object) -> bool:
    return type(value) is int


def is_flag(value: object) -> bool:
    return isinstance(value, bool)


def is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def is_time(value: object) -> bool:
    if not isinstance(value, str) or not TIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


SHOW = {"show_id": is_text, "creator_id": is_text}
USER_SHOW = {"user_id": is_text} | SHOW
FIELDS: dict[str, dict[str, Callable[[object], bool]]] = {
    "user": {"user_id": is_text, "topics": is_texts},
    "show": SHOW
    | {"title": is_text, "topics": is_texts, "starts_at": is_time, "minutes": is_number, "status": is_text},
    "session": USER_SHOW
    | {"topics": is_texts, "show_minutes": is_number, "started_at": is_time}
    | {"seconds": is_number, "device": is_text},
    "like": USER_SHOW | {"topics": is_texts},
    "follow": {"user_id": is_text, "creator_id": is_text, "following": is_flag},
    "notification": {"user_id": is_text, "creator_id": is_text, "enabled": is_flag},
    "call_in": USER_SHOW | {"seconds": is_number},
    "co_host": USER_SHOW,
    "poll_answer": USER_SHOW | {"poll_id": is_text, "option": is_number},
    "chat_message": USER_SHOW | {"characters": is_number},
    "promotion": SHOW | {"channel": is_text},
}
EVERYWHERE = {"event_id": is_text, "event_type": is_text, "event_time": is_time, "version": is_number}
ACTIVITIES = (
    "session",
    "like",
    "follow",
    "notification",
    "call_in",
    "co_host",
    "poll_answer",
    "chat_message",
)


def features(folder: Path, day: date) -> Features:
    """All features of a day.

    Args:
        folder: with the objects that arrived, as ``YYYY/MM/DD/HH/*.gz``.
        day: the window ends where it begins.
    """
    known = Known(list(events(folder)), day)
    return {
        "user": users(known),
        "creator": creators(known),
        "show": shows(known),
        "user_topic": user_topics(known),
        "user_creator": user_creators(known),
    }


def events(folder: Path) -> Iterator[Event]:
    """The events that count, each once, with ``event_time`` as a datetime."""
    seen = set()
    for path in sorted(folder.rglob("*.gz")):
        year, month, day, hour = map(int, path.parts[-5:-1])
        arrival = datetime(year, month, day, hour, tzinfo=UTC)
        for line in gzip.decompress(path.read_bytes()).splitlines():
            event = accepted(line, arrival)
            if event is not None and event["event_id"] not in seen:
                seen.add(event["event_id"])
                yield event


def accepted(line: bytes, arrival: datetime) -> Event | None:
    """The event of a line that arrived in the hour from ``arrival``; None if it is rejected."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    if not is_an_event(event):
        return None
    moment = datetime.fromisoformat(event["event_time"])
    hour_ends = arrival + timedelta(hours=1)
    if moment > hour_ends + timedelta(hours=1):
        return None  # a clock that is ahead
    if moment.date() < arrival.date() - timedelta(days=MAX_LATE):
        return None  # too late
    return event | {"event_time": moment}


def is_an_event(event: object) -> bool:
    """Whether it has every field of its type, each with a value of the right kind."""
    if not isinstance(event, dict) or not is_text(event.get("event_type")) or not event.get("event_id"):
        return False
    if event["event_type"] not in FIELDS:
        return False
    fields = EVERYWHERE | FIELDS[event["event_type"]]
    return all(name in event and right(event[name]) for name, right in fields.items())


@dataclass
class Known:
    """What is known at the begin of a day."""

    all: list[Event]
    day: date

    def __post_init__(self) -> None:
        end = datetime.combine(self.day, time(), UTC)
        begin = end - timedelta(days=WINDOW)
        self.all = [event for event in self.all if event["event_time"] < end]
        self.window = [event for event in self.all if event["event_time"] >= begin]

    def of(self, *kinds: str) -> list[Event]:
        """The window's events of these types."""
        return [event for event in self.window if event["event_type"] in kinds]

    def before(self, *kinds: str) -> list[Event]:
        """Those of these types, however old."""
        return [event for event in self.all if event["event_type"] in kinds]

    def age(self, event: Event) -> int:
        """Whole days: 0 on the last day of the window."""
        return (self.day - event["event_time"].date()).days - 1

    def weight(self, event: Event) -> float:
        """Halves every 14 days."""
        return 2.0 ** (-self.age(event) / HALF_LIFE)

    def switched_on(self, kind: str, field: str) -> set[tuple[str, str]]:
        """(user, creator) whose last switch of this type is on."""
        last: dict[tuple[str, str], bool] = {}
        for event in in_order(self.before(kind)):
            last[event["user_id"], event["creator_id"]] = event[field]
        return {pair for pair, on in last.items() if on}

    def profiles(self) -> dict[str, list[str]]:
        """User -> the interests declared last."""
        return {event["user_id"]: event["topics"] for event in in_order(self.before("user"))}


def in_order(some: Iterable[Event]) -> list[Event]:
    return sorted(some, key=lambda event: (event["event_time"], event["event_id"]))


def users(known: Known) -> dict[str, dict[str, float | None]]:
    sessions, likes, active = known.of("session"), known.of("like"), known.of(*ACTIVITIES)
    followed = count(known.switched_on("follow", "following"), 0)
    enabled = count(known.switched_on("notification", "enabled"), 0)
    own_sessions, liked, days = defaultdict(list), defaultdict(set), defaultdict(set)
    for event in sessions:
        own_sessions[event["user_id"]].append(event["seconds"])
    for event in likes:
        liked[event["user_id"]].add(event["show_id"])
    for event in active:
        days[event["user_id"]].add(event["event_time"].date())
    return {
        user: {
            "listening_minutes": sum(own_sessions[user]) / 60,
            "sessions": len(own_sessions[user]),
            "long_sessions": len([seconds for seconds in own_sessions[user] if seconds > LONG]),
            "shows_liked": len(liked[user]),
            "creators_followed": followed.get(user, 0),
            "notifications_enabled": enabled.get(user, 0),
            "active_days": len(days[user]),
        }
        for user in known.profiles().keys() | {event["user_id"] for event in active}
    }


def count(pairs: Iterable[tuple[str, str]], position: int) -> dict[str, int]:
    """How many pairs have each value at a position."""
    counts: dict[str, int] = defaultdict(int)
    for pair in pairs:
        counts[pair[position]] += 1
    return counts


def creators(known: Known) -> dict[str, dict[str, float | None]]:
    sessions = defaultdict(list)
    for event in known.of("session"):
        sessions[event["creator_id"]].append(event)
    liked = {(event["creator_id"], event["user_id"], event["show_id"]) for event in known.of("like")}
    hosted = {
        (event["creator_id"], event["show_id"]) for event in known.of("show") if event["status"] == "live"
    }
    likes, shows_hosted = (
        count(((creator, user + show) for creator, user, show in liked), 0),
        count(hosted, 0),
    )
    followers = count(known.switched_on("follow", "following"), 1)
    return {
        creator: {
            "recent_plays": len([each for each in own if known.age(each) < RECENT]),
            "distinct_listeners": len({each["user_id"] for each in own}),
            "mean_listening_minutes": sum(each["seconds"] for each in own) / 60 / len(own) if own else None,
            "likes": likes.get(creator, 0),
            "followers": followers.get(creator, 0),
            "shows_hosted": shows_hosted.get(creator, 0),
        }
        for creator in {event["creator_id"] for event in known.before("show", "session", "like", "follow")}
        for own in [sessions[creator]]
    }


def shows(known: Known) -> dict[str, dict[str, float | None]]:
    heard, likers = defaultdict(list), defaultdict(set)
    for event in known.of("session"):
        planned = 60 * event["show_minutes"]
        heard[event["show_id"]].append(min(1.0, event["seconds"] / planned) if planned > 0 else 1.0)
    for event in known.of("like"):
        likers[event["show_id"]].add(event["user_id"])
    return {
        show: {
            "listens": len(heard[show]),
            "likes": len(likers[show]),
            "mean_completion": sum(heard[show]) / len(heard[show]) if heard[show] else None,
        }
        for show in {event["show_id"] for event in known.of("show", "session", "like")}
    }


def user_topics(known: Known) -> dict[str, dict[str, float | None]]:
    listening: dict[tuple[str, str], float] = defaultdict(float)
    everything: dict[str, float] = defaultdict(float)
    for event in known.of("session"):
        topics = set(event["topics"])
        for topic in topics:
            share = known.weight(event) * event["seconds"] / len(topics)
            listening[event["user_id"], topic] += share
            everything[event["user_id"]] += share
    liked = defaultdict(set)
    for event in known.of("like"):
        for topic in event["topics"]:
            liked[event["user_id"], topic].add(event["show_id"])
    declared = {(user, topic) for user, topics in known.profiles().items() for topic in topics}
    return {
        f"{user}:{topic}": {
            "affinity": listening.get((user, topic), 0) / everything[user] if everything[user] else 0.0,
            "likes": len(liked.get((user, topic), ())),
            "declared": int((user, topic) in declared),
        }
        for user, topic in listening.keys() | liked.keys() | declared
    }


def user_creators(known: Known) -> dict[str, dict[str, float | None]]:
    pairs = defaultdict(list)
    for event in known.of("session"):
        pairs[event["user_id"], event["creator_id"]].append(event)
    return {
        f"{user}:{creator}": {
            "affinity": sum(known.weight(each) * each["seconds"] / 60 for each in own),
            "long_sessions": len([each for each in own if each["seconds"] > LONG]),
        }
        for (user, creator), own in pairs.items()
    }
