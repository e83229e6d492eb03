"""The partial aggregates of a day, as expressions over the tables of the lake."""

from collections.abc import Callable, Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf

from tables import ACTIVITIES, COMPLETION_UNITS, PARTIALS, UNITS_PER_SECOND
from windows import LONG_SECONDS

Tables = Mapping[str, DataFrame]
"""Table of the lake -> its columns of ``SOURCES`` and ``day``, of the days to aggregate."""
DAY = "day"
ORDER = ("event_time", "event_id")
"""What the last event of a key is last by."""


def count(name: str, condition: Column | None = None) -> Column:
    """How many rows there are, or how many of them keep a condition."""
    counted = sf.count("*") if condition is None else sf.count_if(condition)
    return counted.alias(name)


def total(column: str) -> Column:
    """The sum of a column, under its name."""
    return sf.sum(column).alias(column)


def user_day(tables: Tables) -> DataFrame:
    """What each active user listened to."""
    sessions = tables["session"].groupBy(DAY, "user_id").agg(*_listening())
    nothing = [sf.lit(0).cast("bigint").alias(name) for name in ("seconds", "sessions", "long_sessions")]
    others = [
        tables[name].select(DAY, "user_id", *nothing).distinct() for name in ACTIVITIES if name != "session"
    ]
    everything = reduce(DataFrame.union, others, sessions)
    return everything.groupBy(DAY, "user_id").agg(total("seconds"), total("sessions"), total("long_sessions"))


def user_topic_day(tables: Tables) -> DataFrame:
    """Each session's seconds in equal shares to the topics of its show."""
    topics = sf.array_distinct("topics")
    # Rounded down only where a show has more topics than the unit can be divided by.
    share = sf.expr(f"seconds * {UNITS_PER_SECOND} DIV size(array_distinct(topics))")
    shares = tables["session"].where(sf.size("topics") > 0)
    shared = shares.select(DAY, "user_id", sf.explode(topics).alias("topic"), share.alias("units"))
    return shared.groupBy(DAY, "user_id", "topic").agg(total("units"))


def user_creator_day(tables: Tables) -> DataFrame:
    """What each user listened to of each creator."""
    return tables["session"].groupBy(DAY, "user_id", "creator_id").agg(*_listening())


def show_day(tables: Tables) -> DataFrame:
    """Sessions of each show, and how much of it they heard: all of it is COMPLETION_UNITS."""
    planned = sf.col("show_minutes") * 60
    part = sf.when(planned > 0, sf.least(sf.lit(1.0), sf.col("seconds") / planned)).otherwise(1.0)
    units = sf.round(part * COMPLETION_UNITS).cast("bigint")
    return tables["session"].groupBy(DAY, "show_id").agg(count("sessions"), sf.sum(units).alias("completion"))


def like_day(tables: Tables) -> DataFrame:
    """Who liked which show, once for each of its topics, or once if it has none."""
    topic = sf.explode_outer("topics").alias("topic")
    return tables["like"].select(DAY, "user_id", "show_id", "creator_id", topic).distinct()


def hosted_day(tables: Tables) -> DataFrame:
    """Shows that went live, with their creators."""
    return tables["show"].where(sf.col("status") == "live").select(DAY, "creator_id", "show_id").distinct()


def show_seen(tables: Tables) -> DataFrame:
    """Shows that the catalog tells of."""
    return tables["show"].select(DAY, "show_id").distinct()


def creator_seen(tables: Tables) -> DataFrame:
    """Creators that anything tells of."""
    named = [tables[name].select(DAY, "creator_id") for name in ("show", "session", "like", "follow")]
    return reduce(DataFrame.union, (each.distinct() for each in named)).distinct()


def last_of(rows: DataFrame, *keys: str) -> DataFrame:
    """Of each key the last row by ``event_time`` and ``event_id``, as if no other had been."""
    values = [name for name in rows.columns if name not in keys]
    # The two come first: structs are compared field by field, and no two events have the same.
    newest = sf.max(sf.struct("event_time", "event_id", *(name for name in values if name not in ORDER)))
    return rows.groupBy(*keys).agg(newest.alias("newest")).select(*keys, "newest.*")


BUILDERS: dict[str, Callable[[Tables], DataFrame]] = {
    "user_day": user_day,
    "user_topic_day": user_topic_day,
    "user_creator_day": user_creator_day,
    "show_day": show_day,
    "like_day": like_day,
    "hosted_day": hosted_day,
    "show_seen": show_seen,
    "creator_seen": creator_seen,
    "follow_state": lambda tables: last_of(tables["follow"], DAY, "user_id", "creator_id"),
    "notification_state": lambda tables: last_of(tables["notification"], DAY, "user_id", "creator_id"),
    "profile_state": lambda tables: last_of(tables["user"], DAY, "user_id"),
}
"""Partial -> how it is made."""


def partial(name: str, tables: Tables) -> DataFrame:
    """The partial's own columns and ``day``."""
    return BUILDERS[name](tables).select(DAY, *PARTIALS[name].names)


def _listening() -> tuple[Column, Column, Column]:
    return total("seconds"), count("sessions"), count("long_sessions", sf.col("seconds") > LONG_SECONDS)
