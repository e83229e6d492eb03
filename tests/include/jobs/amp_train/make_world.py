"""A lake and an offline store of five days with a hidden taste; runs in the image of Spark.

Users choose among what is on the air by a taste for creators that nobody declares;
``user_creator_affinity`` tells of it. Writes ``lake/``, ``store/`` and ``versions.json`` below the folder
that it is given, and broken copies of the store.
"""

import json
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from make_world_facts import GROUPS

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
DAYS, USERS, CREATORS = 5, 60, 12
TOPICS = ("pop", "rock", "jazz", "news", "chess", "golf")
HOURS = (18, 19, 20)
KEYS = {"user": "user_id", "creator": "creator_id", "show": "show_id"}

rng = np.random.default_rng(1)
users = [f"u{number:07d}" for number in range(USERS)]
creators = [f"c{number:06d}" for number in range(CREATORS)]
topics_of = [list(rng.choice(TOPICS, 2, replace=False)) for _ in creators]
declared = [set(rng.choice(TOPICS, 2, replace=False)) for _ in users]
taste = rng.gamma(0.5, 2.0, (USERS, CREATORS))


def written(folder, rows):
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_parquet(folder / "part-00000-of-00001.parquet", index=False)


def show_id(day, hour, creator):
    return f"s{(day * 100 + hour) * CREATORS + creator:08d}"


def shows(day):
    """Told a day before, live and ended on the day itself: but the first creator's never end, the second's
    never begin."""
    rows = []
    for hour in HOURS:
        for number, creator in enumerate(creators):
            start = FIRST + timedelta(days=day, hours=hour)
            told = [
                ("scheduled", start - timedelta(hours=20)),
                ("live", start),
                ("ended", start + timedelta(minutes=50)),
            ]
            if number == 0:
                told = told[:2]
            if number == 1:
                told = [told[0], ("cancelled", start - timedelta(hours=2))]
            rows += [
                {
                    "event_id": f"{show_id(day, hour, number)}-{status}",
                    "event_type": "show",
                    "event_time": when,
                    "show_id": show_id(day, hour, number),
                    "creator_id": creator,
                    "title": "A show",
                    "topics": topics_of[number],
                    "starts_at": start,
                    "minutes": 50,
                    "status": status,
                }
                for status, when in told
            ]
    return rows


def sessions(day):
    rows = []
    for user, likes in zip(users, taste, strict=True):
        for hour in rng.choice(HOURS, rng.integers(1, 3), replace=False):
            chance = np.where(np.arange(CREATORS) == 1, 0, np.exp(likes))
            creator = int(rng.choice(CREATORS, p=chance / chance.sum()))
            start = FIRST + timedelta(days=day, hours=int(hour), minutes=int(rng.integers(5, 30)))
            seconds = int(rng.choice([120, 900, 1500], p=[0.2, 0.4, 0.4]))
            rows.append(
                {
                    "event_id": f"{user}-{day}-{hour}",
                    "event_time": start + timedelta(seconds=seconds),
                    "user_id": user,
                    "show_id": show_id(day, int(hour), creator),
                    "creator_id": creators[creator],
                    "topics": topics_of[creator],
                    "show_minutes": 50,
                    "started_at": start,
                    "seconds": seconds,
                    "device": "ios",
                }
            )
    # Begun before midnight, told of after it; and one that begins after the last day.
    late = FIRST + timedelta(days=day, hours=23, minutes=50)
    after = {
        "event_id": f"late-{day}",
        "event_time": late + timedelta(minutes=20),
        "started_at": late,
        "seconds": 1200,
    }
    rows.append({**rows[0], **after})
    return rows


def versions(day):
    """Records by group, of the beginning of a day."""
    noise = rng.normal(0, 0.05, taste.shape)
    shown = [s for d in range(DAYS) for h in HOURS for s in [show_id(d, h, c) for c in range(CREATORS)]]
    return {
        "user": {u: rng.random(7) * 10 for u in users},
        "creator": {c: rng.random(6) * 10 for c in creators},
        "show": {s: rng.random(3) for s in shown if rng.random() < 0.5},
        "user_topic": {
            f"{u}:{t}": (rng.random() / 6, rng.integers(3), float(t in declared[n]))
            for n, u in enumerate(users)
            for t in TOPICS
            if t in declared[n] or rng.random() < 0.3
        },
        "user_creator": {
            f"{u}:{c}": (max(0.0, taste[n, m] + noise[n, m]), rng.integers(4))
            for n, u in enumerate(users)
            for m, c in enumerate(creators)
            if taste[n, m] > 0.3
        },
    }


def record(group, key, values, at, wrote, deleted=False):
    return {
        KEYS.get(group, group): key,
        "event_time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **dict(zip(GROUPS[group], map(float, values), strict=True)),
        "write_time": wrote,
        "api_invocation_time": wrote,
        "is_deleted": deleted,
    }


def store(folder, group, name, at, rows):
    path = folder / group / f"year={at:%Y}/month={at:%m}/day={at:%d}/hour={at:%H}"
    path.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_parquet(path / f"{name}.parquet", index=False)


def main(folder):
    for day in range(-1, DAYS + 1):
        date = (FIRST + timedelta(days=day)).date()
        told = [row for d in (day, day + 1) if 0 <= d < DAYS for row in shows(d)]
        own = [row for row in told if row["event_time"].date() == date]
        if own:
            written(folder / "lake" / "show" / f"day={date}", own)
    heard = [row for day in range(DAYS) for row in sessions(day)]
    for day in range(DAYS + 1):
        date = (FIRST + timedelta(days=day)).date()
        own = [row for row in heard if row["event_time"].date() == date]
        written(folder / "lake" / "session" / f"day={date}", own)
    everything = []
    for day in range(DAYS):
        at = FIRST + timedelta(days=day)
        for group, records in versions(day).items():
            if day == 2:
                records.pop(users[0], None)  # It has to do with the day before.
            rows = [
                record(group, key, values, at, at + timedelta(hours=22)) for key, values in records.items()
            ]
            again = [
                {**row, GROUPS[group][0]: 77.0, "write_time": at + timedelta(hours=23)} for row in rows[3:4]
            ]
            gone = [{**row, "write_time": at + timedelta(hours=23), "is_deleted": True} for row in rows[5:6]]
            # One of the middle of a day, which counts for its later hours only.
            noon = at + timedelta(hours=19)
            later = [record(group, key, values, noon, noon) for key, values in list(records.items())[7:9]]
            store(folder / "store", group, "first", at, rows)
            store(folder / "store", group, "second", at, again + gone)
            store(folder / "store", group, "third", noon, later)
            everything += [[group, row] for row in [*rows, *again, *gone, *later]]
    (folder / "versions.json").write_text(json.dumps(everything, default=str))
    topics = dict(zip(creators, topics_of, strict=True))
    (folder / "topics.json").write_text(json.dumps(topics))
    (folder / "heard.json").write_text(json.dumps(heard, default=str))
    broken(folder)


def broken(folder):
    """Stores in which one record is from after what it would predict."""
    at = FIRST + timedelta(days=2)
    values = [1.0] * 7
    for name, stamp, wrote in (
        ("after", at + timedelta(days=1), at + timedelta(days=2)),
        ("before", at - timedelta(days=1), at + timedelta(hours=22)),
        ("early", at, at - timedelta(hours=1)),
    ):
        shutil.copytree(folder / "store", folder / f"store-{name}")
        store(
            folder / f"store-{name}", "user", "planted", at, [record("user", users[4], values, stamp, wrote)]
        )
    shutil.copytree(folder / "store", folder / "store-missing")
    shutil.rmtree(folder / "store-missing" / "creator")
    shutil.copytree(folder / "store", folder / "store-column")
    path = next((folder / "store-column" / "show").rglob("first.parquet"))
    pd.read_parquet(path).drop(columns="likes").to_parquet(path, index=False)
    shutil.copytree(folder / "lake", folder / "lake-missing")
    shutil.rmtree(folder / "lake-missing" / "session" / "day=2026-03-03")


main(Path(sys.argv[1]))
