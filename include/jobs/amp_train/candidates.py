"""What a user could have listened to, hour by hour, and what they did."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

LONG_SECONDS = 300
"""A show that is listened to for longer is one that was wanted."""
AT_ONCE = 1000
"""Queries whose candidates are drawn together."""
DAYS_BEFORE = 3
"""Days before its own on which a show may be scheduled, and one more for what goes on after midnight."""
SESSION_COLUMNS = ("user_id", "show_id", "creator_id", "topics", "started_at", "seconds")
SHOW_COLUMNS = (
    "event_id",
    "event_time",
    "show_id",
    "creator_id",
    "topics",
    "starts_at",
    "minutes",
    "status",
)
HOUR = pd.Timedelta(hours=1)

Hashes = NDArray[np.uint64]


def catalog_days(day: date) -> list[date]:
    """Days whose events tell of the shows that are on the air on a day."""
    return [day + timedelta(days=offset) for offset in range(-DAYS_BEFORE, 2)]


def on_air(events: pd.DataFrame) -> pd.DataFrame:
    """When each show was on the air: ``show_id, creator_id, topics, start, end``.

    From its event of status live to that of status ended; without the first from its planned start, without
    the second for its planned length. What was cancelled before it went live was never on the air. What the
    catalog said last counts.
    """
    ordered = events.sort_values(["event_time", "event_id"])
    shows = ordered.groupby("show_id", sort=True).last()
    first = {
        status: ordered[ordered["status"] == status].groupby("show_id")["event_time"].min()
        for status in ("live", "ended")
    }
    shows["start"] = first["live"].reindex(shows.index).fillna(shows["starts_at"])
    planned = shows["start"] + pd.to_timedelta(shows["minutes"].astype("float64"), unit="min")
    shows["end"] = first["ended"].reindex(shows.index).fillna(planned)
    aired = shows.index.isin(first["live"].index) | (shows["status"] != "cancelled")
    columns = ["show_id", "creator_id", "topics", "start", "end"]
    return shows[aired & (shows["end"] > shows["start"])].reset_index()[columns]


def listening(sessions: pd.DataFrame, day: date) -> pd.DataFrame:
    """Seconds by query and show: ``hour, user_id, show_id, creator_id, topics, seconds``.

    A query is a user and the hour in which they chose: that in which the session began.
    """
    start = pd.Timestamp(day, tz="UTC")
    own = sessions[
        (sessions["started_at"] >= start) & (sessions["started_at"] < start + pd.Timedelta(days=1))
    ]
    own = own.assign(hour=own["started_at"].dt.floor("h"))
    grouped = own.groupby(["hour", "user_id", "show_id"], sort=True)
    return grouped.agg(
        creator_id=("creator_id", "first"), topics=("topics", "first"), seconds=("seconds", "sum")
    ).reset_index()


def sampled(heard: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """The listening of at most so many queries; which ones depends on user, hour and seed alone."""
    queries = heard[["hour", "user_id"]].drop_duplicates()
    if len(queries) <= most:
        return heard
    order = mixed(_hashed(queries["user_id"]), _of_hours(queries["hour"]), seed)
    chosen = queries.iloc[np.argsort(order, kind="stable")[:most]]
    return heard.merge(chosen, on=["hour", "user_id"]).sort_values(["hour", "user_id", "show_id"])


def candidates(heard: pd.DataFrame, shows: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """At most ``most`` shows of each query, all that were wanted among them.

    The others are drawn alike from what was on the air in that hour, by a hash of user, hour and show, so the
    same data give the same candidates whatever their order. A show that somebody listened to was on the air.

    Returns:
        ``hour, user_id, show_id, creator_id, topics, label``, in the order of the first three.
    """
    parts = [_of_hour(hour, part, shows, most, seed) for hour, part in heard.groupby("hour", sort=True)]
    columns = ["hour", "user_id", "show_id", "creator_id", "topics", "label"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _of_hour(
    hour: pd.Timestamp, heard: pd.DataFrame, shows: pd.DataFrame, most: int, seed: int
) -> pd.DataFrame:
    live = shows[(shows["start"] < hour + HOUR) & (shows["end"] > hour)]
    known = pd.concat([live, heard])[["show_id", "creator_id", "topics"]]
    known = known.drop_duplicates("show_id").sort_values("show_id").reset_index(drop=True)
    users = np.sort(heard["user_id"].unique())
    wanted = heard[heard["seconds"] > LONG_SECONDS]
    label = np.zeros((len(users), len(known)), bool)
    rows = pd.Index(users).get_indexer(wanted["user_id"])
    label[rows, pd.Index(known["show_id"]).get_indexer(wanted["show_id"])] = True
    chosen = np.concatenate(
        [
            _drawn(
                users[start : start + AT_ONCE],
                known["show_id"],
                label[start : start + AT_ONCE],
                most=most,
                seed=seed,
                hour=hour,
            )
            for start in range(0, len(users), AT_ONCE)
        ]
    )
    user, show = np.nonzero(chosen)
    found = known.iloc[show].reset_index(drop=True)
    return found.assign(hour=hour, user_id=users[user], label=label[user, show].astype(np.int8))


def _drawn(
    users: NDArray[np.object_],
    shows: "pd.Series[str]",
    label: NDArray[np.bool_],
    *,
    most: int,
    seed: int,
    hour: pd.Timestamp,
) -> NDArray[np.bool_]:
    """Which shows are candidates of which users: (users, shows)."""
    if len(shows) <= most:
        return np.ones(label.shape, bool)
    by_user = mixed(_hashed(users), _of_hours(pd.Series([hour])), seed)
    order = mixed(by_user[:, None], _hashed(shows)[None, :], seed)
    order[label] = 0
    nearest = np.argpartition(order, most - 1, axis=1)[:, :most]
    chosen = label.copy()
    np.put_along_axis(chosen, nearest, values=True, axis=1)
    return chosen


def mixed(first: Hashes, second: Hashes, seed: int) -> Hashes:
    """A hash of two hashes, by SplitMix64's finaliser; shapes broadcast.

    https://doi.org/10.1145/2714064.2660195
    """
    with np.errstate(over="ignore"):
        value = first * np.uint64(0x9E3779B97F4A7C15) + second + np.uint64(seed)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(value ^ (value >> np.uint64(31)), np.uint64)


def _hashed(ids: "pd.Series[str] | NDArray[np.object_]") -> Hashes:
    return np.asarray(pd.util.hash_array(np.asarray(ids, object)), np.uint64)


def _of_hours(hours: "pd.Series[pd.Timestamp]") -> Hashes:
    epoch = pd.Timestamp(0, tz="UTC")
    return np.asarray((hours - epoch) // HOUR, np.uint64)
