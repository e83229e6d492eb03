"""The features of one version: its window's partials and the state at its end, rolled up.

Each group is a union of what is known about its entities, added up by key: integers only, and one exchange
of rows, which are already as few as they get.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as sf

from affinities import SUMS, faded, fading, with_age
from groups import EVENT_TIME, GROUPS
from tables import COMPLETION_UNITS
from windows import RECENT_DAYS

SECONDS = 60


@dataclass(frozen=True)
class Known:
    """What the features of one version are made of.

    Attributes:
        version: the day whose begin ends the window.
        partials: partial -> its rows of the window, with ``day``.
        state: partial -> the last row of each key before ``version``.
        likes: distinct ``user_id``, ``show_id``, ``creator_id`` and ``topic`` of the window.
        pairs: one row for each user and creator that he listened to.
    """

    version: date
    partials: Mapping[str, DataFrame]
    state: Mapping[str, DataFrame]
    likes: DataFrame
    pairs: DataFrame


def known(version: date, partials: Mapping[str, DataFrame], state: Mapping[str, DataFrame]) -> Known:
    """Takes the version's window out of the partials, and keeps what several groups are made of."""
    likes = partials["like_day"].select("user_id", "show_id", "creator_id", "topic").distinct()
    aged = with_age(partials["user_creator_day"], version)
    recent = sf.when(sf.col("day") >= sf.lit(version - timedelta(RECENT_DAYS)), sf.col("sessions"))
    pairs = aged.groupBy("user_id", "creator_id").agg(
        *(sf.sum(name).alias(name) for name in ("seconds", "sessions", "long_sessions")),
        sf.sum(recent).alias("recent_plays"),
        *(sf.sum(each).alias(name) for name, each in zip(SUMS, fading("seconds"), strict=True)),
    )
    return Known(version, partials, state, likes.persist(), pairs.persist())


def user(known: Known) -> DataFrame:
    """Users with a profile, or active in the window."""
    days = known.partials["user_day"]
    listening = days.select(
        "user_id", _one("known"), "seconds", "sessions", "long_sessions", _one("active_days")
    )
    liked = known.likes.select("user_id", "show_id").distinct()
    parts = [
        listening,
        known.state["profile_state"].select("user_id", _one("known")),
        liked.select("user_id", _one("shows_liked")),
        _switched_on(known, "follow_state", "following").select("user_id", _one("creators_followed")),
        _switched_on(known, "notification_state", "enabled").select("user_id", _one("notifications_enabled")),
    ]
    rows = _added(parts, "user_id").where("known > 0")
    return rows.withColumn("listening_minutes", sf.col("seconds") / SECONDS)


def creator(known: Known) -> DataFrame:
    """Creators that anything has told of."""
    pairs = known.pairs.select(
        "creator_id", "recent_plays", _one("distinct_listeners"), "seconds", "sessions"
    )
    liked = known.likes.select("user_id", "show_id", "creator_id").distinct()
    hosted = known.partials["hosted_day"].select("creator_id", "show_id").distinct()
    parts = [
        known.state["creator_seen"].select("creator_id", _one("known")),
        pairs,
        liked.select("creator_id", _one("likes")),
        _switched_on(known, "follow_state", "following").select("creator_id", _one("followers")),
        hosted.select("creator_id", _one("shows_hosted")),
    ]
    mean = sf.when(sf.col("sessions") > 0, sf.col("seconds") / (sf.col("sessions") * SECONDS))
    return _added(parts, "creator_id").withColumn("mean_listening_minutes", mean)


def show(known: Known) -> DataFrame:
    """Shows that the window's catalog, sessions or likes tell of."""
    liked = known.likes.select("user_id", "show_id").distinct()
    parts = [
        known.partials["show_seen"].select("show_id", _one("known")),
        known.partials["show_day"].select("show_id", sf.col("sessions").alias("listens"), "completion"),
        liked.select("show_id", _one("likes")),
    ]
    mean = sf.when(
        sf.col("listens") > 0, sf.col("completion") / COMPLETION_UNITS / sf.col("listens").cast("double")
    )
    return _added(parts, "show_id").withColumn("mean_completion", mean)


def user_topic(known: Known) -> DataFrame:
    """Users and the topics that they listened to, liked or declared."""
    days = with_age(known.partials["user_topic_day"], known.version)
    liked = known.likes.select("user_id", "topic", "show_id").where("topic IS NOT NULL").distinct()
    profiles = known.state["profile_state"]
    declared = profiles.select("user_id", sf.explode(sf.array_distinct("topics")).alias("topic"))
    parts = [
        days.select("user_id", "topic", *fading("units")),
        liked.select("user_id", "topic", _one("likes")),
        declared.select("user_id", "topic", _one("declared")),
    ]
    rows = _added(parts, "user_id", "topic", together="user_id")
    of_user = Window.partitionBy("user_id")
    own, all_topics = faded(*(sf.col(name) for name in SUMS)), sf.col("all_topics")
    rows = rows.withColumn("all_topics", faded(*(sf.sum(name).over(of_user) for name in SUMS)))
    share = sf.when(all_topics > 0, own / all_topics).otherwise(0.0)
    return rows.withColumn("affinity", share).withColumn("user_topic", _key("user_id", "topic"))


def user_creator(known: Known) -> DataFrame:
    """Users and the creators that they listened to."""
    minutes = faded(*(sf.col(name) for name in SUMS)) / SECONDS
    rows = known.pairs.withColumn("affinity", minutes)
    return rows.withColumn("user_creator", _key("user_id", "creator_id"))


ROLL_UPS = {
    "user": user,
    "creator": creator,
    "show": show,
    "user_topic": user_topic,
    "user_creator": user_creator,
}
"""Group -> how it is made."""
KEPT_ALREADY = {"user_creator"}
"""Groups that have a row for each row that is kept for them and for others."""


def rolled_up(group: str, known: Known) -> DataFrame:
    """The group's columns, one row for each entity; they are kept."""
    event_time = sf.lit(f"{known.version}T00:00:00Z").alias(EVENT_TIME)
    kind = GROUPS[group]
    features = [sf.col(name).cast(form).alias(name) for name, form in kind.features.items()]
    rows = ROLL_UPS[group](known).select(kind.key, *kind.parts, event_time, *features)
    return rows if group in KEPT_ALREADY else rows.persist()


def _switched_on(known: Known, name: str, column: str) -> DataFrame:
    return known.state[name].where(sf.col(column))


def _one(name: str) -> Column:
    return sf.lit(1).cast("bigint").alias(name)


def _key(*columns: str) -> Column:
    return sf.concat_ws(":", *columns)


def _added(parts: list[DataFrame], *keys: str, together: str = "") -> DataFrame:
    """The rows of all parts by key, each other column added up; a part without it adds nothing.

    Rows with the same value of the key's column ``together`` are brought to one place before, which spares
    whoever goes on with all rows of such a value an exchange.
    """

    def union(left: DataFrame, right: DataFrame) -> DataFrame:
        return left.unionByName(right, allowMissingColumns=True)

    rows = reduce(union, parts)
    if together:
        rows = rows.repartition(together)
    columns = [name for name in rows.columns if name not in keys]
    return rows.groupBy(*keys).agg(*(sf.coalesce(sf.sum(name), sf.lit(0)).alias(name) for name in columns))
