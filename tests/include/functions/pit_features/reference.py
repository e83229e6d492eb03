"""The counters in plain Python, from all distinct events at once, by the letter of docs/features.md."""

from collections import defaultdict
from datetime import date, datetime, timedelta

KINDS = ("user", "show", "creator")
ZERO = (0, 0, 0, 0)


def counters(events, since: date):
    """(kind, id) -> likes, listens, long sessions, milliseconds of those that count from a day on."""
    found = defaultdict(lambda: ZERO)
    for who, moment, counts in [*likes(events), *sessions(events)]:
        if moment.date() >= since:
            for entity in zip(KINDS, who, strict=True):
                found[entity] = tuple(map(sum, zip(found[entity], counts, strict=True)))
    return found


def likes(events):
    """A show that somebody likes counts once, when it was last liked."""
    last = {}
    for event in events:
        if event["event_type"] == "like":
            last[who(event)] = max(time(event), last.get(who(event), time(event)))
    return [(pair, moment, (1, 0, 0, 0)) for pair, moment in last.items()]


def sessions(events):
    """From the first start to the last end."""
    starts, ends = defaultdict(list), defaultdict(list)
    for event in events:
        moment = time(event)
        match event["event_type"]:
            case "session_started":
                starts[who(event), event["session_id"]].append(moment)
            case "session_ended":
                ends[who(event), event["session_id"]].append(moment)
            case "session":
                key = who(event), event["event_id"]
                starts[key].append(moment - timedelta(seconds=event["seconds"]))
                ends[key].append(moment)
    counted = []
    for key in {*starts, *ends}:
        latest = max(starts[key] + ends[key])
        lasted = timedelta()
        if starts[key] and ends[key]:
            lasted = max(lasted, max(ends[key]) - min(starts[key]))
        long = lasted > timedelta(minutes=5)
        counted.append((key[0], latest, (0, 1, int(long), lasted // timedelta(milliseconds=1))))
    return counted


def who(event):
    return tuple(event[f"{kind}_id"] for kind in KINDS)


def time(event) -> datetime:
    return datetime.fromisoformat(event["event_time"])
