"""The queries in the local Redshift, against the same counts in plain Python."""

import json
import random
from collections import defaultdict
from datetime import date, timedelta
from statistics import mean

import pytest

from include.warehouse.reports import REPORTS, USER

DAY = date(2026, 3, 31)
PLACES = (0, 1, 7, 8, 27, 28)
"""Days of shows, counted back from the last: the first and last of each window, and those beside them."""
TYPES = {
    "session": {
        "user_id": "string",
        "show_id": "string",
        "creator_id": "string",
        "seconds": "bigint",
    },
    "like": {"user_id": "string", "show_id": "string"},
    "follow": {"user_id": "string", "following": "boolean"},
    "notification": {"user_id": "string", "enabled": "boolean"},
    "chat_message": {"user_id": "string"},
    "call_in": {"user_id": "string"},
    "poll_answer": {"user_id": "string"},
    "show": {"show_id": "string", "title": "string", "version": "bigint", "event_time": "timestamp"},
    "promotion": {"show_id": "string", "creator_id": "string", "channel": "string"},
}
"""Fields that the queries read; each event also has an id."""
CHANNELS = ("front page", "push", "mail; --'")


def made_up():
    """Type -> day -> events. A show has listeners on its day, and a few on the last one."""
    rng = random.Random(7)
    events = {kind: defaultdict(list) for kind in TYPES}

    def add(kind, day, **fields):
        number = sum(map(len, events[kind].values()))
        events[kind][day].append({"event_id": f"{kind}-{number}", **fields})

    shows = {f"s{number}": (f"c{number % 12}", rng.choice(PLACES)) for number in range(150)}
    for show, (creator, place) in shows.items():
        day = DAY - timedelta(days=place)
        for version in range(rng.randint(1, 3)):
            time = f"{day} 08:00:0{version}"
            add("show", day, show_id=show, title=f"'{show}' v{version}", version=version, event_time=time)
        if rng.random() < 0.2:
            add("promotion", day, show_id=show, creator_id=creator, channel=rng.choice(CHANNELS))
        for _ in range(rng.randrange(25)):
            user = f"u{rng.randrange(60)}"
            on = day if rng.random() < 0.9 else DAY
            seconds = rng.randrange(4000)
            add("session", on, user_id=user, show_id=show, creator_id=creator, seconds=seconds)
            for kind, share, fields in reactions(rng, show):
                if rng.random() < share:
                    add(kind, on, user_id=user, **fields)
    return events


def reactions(rng, show):
    """Type, how often and with which fields somebody who listens to a show does something."""
    return (
        ("like", 0.3, {"show_id": show}),
        ("follow", 0.2, {"following": rng.random() < 0.8}),
        ("notification", 0.2, {"enabled": rng.random() < 0.8}),
        *((kind, 0.1, {}) for kind in ("chat_message", "call_in", "poll_answer")),
    )


EVENTS = made_up()


def of(kind, first, last=DAY):
    return [event for day, events in EVENTS[kind].items() if first <= day <= last for event in events]


@pytest.fixture(scope="module")
def filled(lake, tmp_path_factory):
    folder = tmp_path_factory.mktemp("events")
    for kind, fields in TYPES.items():
        columns = {"event_id": "string", **fields}
        lake.table(kind, columns)
        for day, events in EVENTS[kind].items():
            file = folder / f"{kind}-{day}.json"
            file.write_text("\n".join(map(json.dumps, events)))
            names = {"string": "VARCHAR"}
            types = ", ".join(f"{name}: '{names.get(kind_, kind_)}'" for name, kind_ in columns.items())
            query = f"SELECT * FROM read_json('{file}', columns = {{{types}}})"
            lake.put(f"{kind}/day={day}/part-00000-of-00001.parquet", query)
        lake.partition(kind, *map(str, EVENTS[kind]))
    lake.warehouse.run(
        [
            "CREATE GROUP reporting",
            f"CREATE USER {USER} PASSWORD DISABLE",
            "GRANT USAGE ON SCHEMA amp TO GROUP reporting",
            f"ALTER GROUP reporting ADD USER {USER}",
        ]
    )
    return lake.warehouse


def rows(warehouse, name):
    batch = REPORTS[name].query(DAY)
    id_ = warehouse.run(list(batch.statements), batch.user, values=dict(batch.parameters))
    pages = warehouse.redshift_data.get_statement_result(Id=f"{id_}:1")
    columns = [column["name"] for column in pages["ColumnMetadata"]]
    return [dict(zip(columns, row, strict=True)) for row in warehouse.rows_of(f"{id_}:1")]


def users(events):
    return len({event["user_id"] for event in events})


def window(name):
    first = DAY - timedelta(days=REPORTS[name].days - 1)
    return first, sorted(day for day in EVENTS["session"] if day >= first)


def test_the_daily_flash(filled):
    first, days = window("daily_flash")
    assert min(EVENTS["session"]) < first == days[0]
    assert rows(filled, "daily_flash") == [
        {
            "day": str(day),
            "listeners": users(EVENTS["session"][day]),
            "sessions": len(EVENTS["session"][day]),
            "listening_seconds": sum(event["seconds"] for event in EVENTS["session"][day]),
            "shows": len({event["show_id"] for event in EVENTS["session"][day]}),
            "creators": len({event["creator_id"] for event in EVENTS["session"][day]}),
            "likes": len(EVENTS["like"][day]),
            "follows": sum(event["following"] for event in EVENTS["follow"][day]),
        }
        for day in days
    ]


def test_engagement(filled):
    def expected(day):
        acts = {
            "liking": EVENTS["like"][day],
            "following": [event for event in EVENTS["follow"][day] if event["following"]],
            "notified": [event for event in EVENTS["notification"][day] if event["enabled"]],
            "chatting": EVENTS["chat_message"][day],
            "calling_in": EVENTS["call_in"][day],
            "answering_polls": EVENTS["poll_answer"][day],
        }
        return {
            "day": str(day),
            "listeners": users(EVENTS["session"][day]),
            "engaged": users([event for events in acts.values() for event in events]),
            **{act: users(events) for act, events in acts.items()},
        }

    assert rows(filled, "engagement") == [expected(day) for day in window("engagement")[1]]


def listeners(events):
    """Show -> distinct users, creator -> the shows of it."""
    heard, shows = defaultdict(set), defaultdict(set)
    for event in events:
        heard[event["show_id"]].add(event["user_id"])
        shows[event["creator_id"]].add(event["show_id"])
    return {show: len(found) for show, found in heard.items()}, shows


def test_trending_shows(filled):
    first, _ = window("trending_shows")
    before, shows = listeners(of("session", first, DAY - timedelta(days=1)))
    today = EVENTS["session"][DAY]
    now, _ = listeners(today)
    creators = {event["show_id"]: event["creator_id"] for event in today}
    titles = {event["show_id"]: event for event in sorted(of("show", date.min), key=lambda e: e["version"])}

    def row(show):
        creator = creators[show]
        usual = mean(before[each] for each in shows[creator]) if shows[creator] else 0
        return {
            "show_id": show,
            "title": titles[show]["title"],
            "creator_id": creator,
            "listeners": now[show],
            "usual_listeners": pytest.approx(usual),
            "more_listeners": pytest.approx(now[show] - usual),
            "listening_seconds": sum(event["seconds"] for event in today if event["show_id"] == show),
            "likes": sum(event["show_id"] == show for event in EVENTS["like"][DAY]),
        }

    def place(found):
        return (-found["more_listeners"].expected, -found["listeners"], found["show_id"])

    assert rows(filled, "trending_shows") == sorted(map(row, now), key=place)[:20]


def test_promotion_effectiveness(filled):
    first, _ = window("promotion_effectiveness")
    heard, shows = listeners(of("session", first))
    promoted = {(each["channel"], each["show_id"], each["creator_id"]) for each in of("promotion", first)}
    ours = {show for _, show, _ in promoted}
    usual = {
        creator: mean(heard[show] for show in found - ours)
        for creator, found in shows.items()
        if found - ours
    }
    expected = []
    for channel in sorted({channel for channel, _, _ in promoted}):
        compared = [(show, by) for its, show, by in promoted if its == channel and by in usual]
        expected.append(
            {
                "channel": channel,
                "shows": len(compared),
                "listeners": pytest.approx(mean(heard.get(show, 0) for show, _ in compared)),
                "usual_listeners": pytest.approx(mean(usual[by] for _, by in compared)),
            }
        )
    assert len(expected) == len(CHANNELS)
    assert rows(filled, "promotion_effectiveness") == expected


def test_without_its_grant_the_user_of_the_reports_is_refused(filled):
    filled.run("REVOKE USAGE ON SCHEMA amp FROM GROUP reporting")
    batch = REPORTS["daily_flash"].query(DAY)
    said = filled.refused(list(batch.statements), batch.user, values=dict(batch.parameters))
    assert said == "Query #1 failed with ERROR: permission denied for schema amp"
    filled.run("GRANT USAGE ON SCHEMA amp TO GROUP reporting")
