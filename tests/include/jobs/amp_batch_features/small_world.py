"""A small world of events, every one of which a feature depends on, and how its lines become a lake."""

import gzip
import json
import random
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

DAY = date(2026, 3, 10)
"""The features' day."""
FIRST = DAY - timedelta(67)
"""The world's first day: older than the window by a week."""
TOPICS = ("pop", "baseball", "politics", "jazz", "talk")
USERS, CREATORS, SHOWS = 14, 5, 24
REQUIRED = {
    "user": {"user_id": str, "topics": list},
    "show": {
        "show_id": str,
        "creator_id": str,
        "topics": list,
        "starts_at": str,
        "minutes": int,
        "status": str,
    },
    "session": {
        "user_id": str,
        "show_id": str,
        "creator_id": str,
        "topics": list,
        "show_minutes": int,
        "started_at": str,
        "seconds": int,
    },
    "like": {"user_id": str, "show_id": str, "creator_id": str, "topics": list},
    "follow": {"user_id": str, "creator_id": str, "following": bool},
    "notification": {"user_id": str, "creator_id": str, "enabled": bool},
    "call_in": {"user_id": str, "show_id": str, "creator_id": str, "seconds": int},
    "co_host": {"user_id": str, "show_id": str, "creator_id": str},
    "poll_answer": {"user_id": str, "show_id": str, "creator_id": str, "poll_id": str, "option": int},
    "chat_message": {"user_id": str, "show_id": str, "creator_id": str, "characters": int},
    "promotion": {"show_id": str, "creator_id": str, "channel": str},
}
Event = dict[str, Any]


class SmallWorld:
    """Events of days, the same each time."""

    def __init__(self, seed: int = 5) -> None:
        self.draw = random.Random(seed)
        self.shows = [
            {
                "show_id": f"s{number:08}",
                "creator_id": f"c{number % CREATORS:06}",
                "topics": self.draw.sample(TOPICS, self.draw.randint(1, 3)),
                "minutes": self.draw.choice((7, 30, 45, 60)),
            }
            for number in range(SHOWS)
        ]

    def event(self, kind: str, moment: datetime, **payload: Any) -> Event:
        identity = uuid.UUID(int=self.draw.getrandbits(128), version=4)
        text = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"event_id": str(identity), "event_type": kind, "event_time": text, "version": 1, **payload}

    def moment(self, day: date) -> datetime:
        midnight = datetime.combine(day, time(), UTC)
        # Now and then the first or the last instant of a day.
        inside = self.draw.choice((0, 86_399_999, *(self.draw.randrange(86_400_000) for _ in range(8))))
        return midnight + timedelta(milliseconds=inside)

    def day(self, day: date) -> list[Event]:
        """What happens on a day: sessions, and some of everything else."""
        events = [self.session(day) for _ in range(self.draw.randint(1, 6))]
        others = (self.like, self.follow, self.notification, self.user, self.show, self.touch)
        return events + [self.draw.choice(others)(day) for _ in range(self.draw.randint(2, 7))]

    def who(self) -> str:
        return f"u{self.draw.randrange(USERS):07}"

    def session(self, day: date) -> Event:
        show = self.draw.choice(self.shows)
        seconds = self.draw.choice((0, 300, 301, self.draw.randrange(7200)))
        end = self.moment(day)
        about = {name: show[name] for name in ("show_id", "creator_id", "topics")}
        started = (end - timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        times = {"show_minutes": show["minutes"], "started_at": started, "seconds": seconds}
        return self.event("session", end, user_id=self.who(), **about, **times, device="ios")

    def like(self, day: date) -> Event:
        show = self.draw.choice(self.shows)
        about = {name: show[name] for name in ("show_id", "creator_id", "topics")}
        return self.event("like", self.moment(day), user_id=self.who(), **about)

    def follow(self, day: date) -> Event:
        creator = f"c{self.draw.randrange(CREATORS + 1):06}"
        following = self.draw.random() < 0.7
        return self.event(
            "follow", self.moment(day), user_id=self.who(), creator_id=creator, following=following
        )

    def notification(self, day: date) -> Event:
        creator, enabled = f"c{self.draw.randrange(CREATORS):06}", self.draw.random() < 0.6
        return self.event(
            "notification", self.moment(day), user_id=self.who(), creator_id=creator, enabled=enabled
        )

    def user(self, day: date) -> Event:
        user = f"u{self.draw.randrange(USERS + 2):07}"
        topics = self.draw.sample(TOPICS, self.draw.randint(0, 3))
        return self.event("user", self.moment(day), user_id=user, topics=topics)

    def show(self, day: date) -> Event:
        number = self.draw.randrange(SHOWS + 3)
        known = self.shows[number % SHOWS]
        about = {**known, "show_id": f"s{number:08}", "title": "Title", "starts_at": f"{day}T20:00:00.000Z"}
        status = self.draw.choice(("scheduled", "live", "live", "ended", "cancelled"))
        return self.event("show", self.moment(day), **about, status=status)

    def touch(self, day: date) -> Event:
        show = self.draw.choice(self.shows)
        about = {"show_id": show["show_id"], "creator_id": show["creator_id"]}
        kind = self.draw.choice(("call_in", "co_host", "poll_answer", "chat_message", "promotion"))
        more = {
            "call_in": {"seconds": 30},
            "poll_answer": {"poll_id": "p1", "option": 2},
            "chat_message": {"characters": 12},
            "promotion": {"channel": "push"},
        }.get(kind, {})
        user = {} if kind == "promotion" else {"user_id": self.who()}
        return self.event(kind, self.moment(day), **user, **about, **more)


def arrivals(world: SmallWorld, first: date, end: date) -> Iterator[tuple[datetime, str]]:
    """Lines and when each arrives: some a day or two late, some twice, some broken."""
    for number in range((end - first).days):
        for event in world.day(first + timedelta(number)):
            line = json.dumps(event)
            moment = datetime.fromisoformat(event["event_time"])
            late = timedelta(days=world.draw.choice((1, 2))) if world.draw.random() < 0.05 else timedelta()
            yield moment + late + timedelta(seconds=20), line
            if world.draw.random() < 0.05:
                yield moment + timedelta(hours=1), line
            if world.draw.random() < 0.03:
                yield moment, line[:-9]


def write_raw(folder: Path, lines: Iterable[tuple[datetime, str]]) -> None:
    """The lines as objects of the hours in which they arrived."""
    hours: dict[str, list[str]] = defaultdict(list)
    for moment, line in lines:
        hours[moment.strftime("%Y/%m/%d/%H")].append(line)
    for number, (hour, some) in enumerate(sorted(hours.items())):
        name = f"amp-events-1-{hour.replace('/', '-')}-00-00-{uuid.UUID(int=number)}.gz"
        path = folder / hour / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress("".join(f"{line}\n" for line in some).encode(), mtime=0))


def whole(line: str) -> Event | None:
    """The event of a line, if it has all that its type requires."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    required = REQUIRED[event["event_type"]]
    return event if all(type(event.get(name)) is kind for name, kind in required.items()) else None


def lake_of(events: Iterable[Event]) -> dict[tuple[str, str], list[Event]]:
    """(table, day) -> its rows: each event once, in the order of time and id."""
    once = {event["event_id"]: event for event in events}
    tables: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in once.values():
        tables[event["event_type"], event["event_time"][:10]].append(event)
    order = ("event_time", "event_id")
    return {key: sorted(rows, key=lambda row: [row[name] for name in order]) for key, rows in tables.items()}
