"""The five groups of features: what identifies a record, and the 21 features, in the columns' order."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """A feature group.

    Attributes:
        key: the column that identifies a record.
        parts: the columns that the key is put together from, kept beside it.
        features: column -> whether it counts (bigint) or measures (double).
    """

    key: str
    parts: tuple[str, ...]
    features: dict[str, str]

    @property
    def columns(self) -> list[str]:
        """All columns, in order."""
        return [self.key, *self.parts, EVENT_TIME, *self.features]


EVENT_TIME = "event_time"
COUNT, MEASURE = "bigint", "double"

GROUPS = {
    "user": Group(
        "user_id",
        (),
        {
            "listening_minutes": MEASURE,
            "sessions": COUNT,
            "long_sessions": COUNT,
            "shows_liked": COUNT,
            "creators_followed": COUNT,
            "notifications_enabled": COUNT,
            "active_days": COUNT,
        },
    ),
    "creator": Group(
        "creator_id",
        (),
        {
            "recent_plays": COUNT,
            "distinct_listeners": COUNT,
            "mean_listening_minutes": MEASURE,
            "likes": COUNT,
            "followers": COUNT,
            "shows_hosted": COUNT,
        },
    ),
    "show": Group("show_id", (), {"listens": COUNT, "likes": COUNT, "mean_completion": MEASURE}),
    "user_topic": Group(
        "user_topic", ("user_id", "topic"), {"affinity": MEASURE, "likes": COUNT, "declared": COUNT}
    ),
    "user_creator": Group(
        "user_creator", ("user_id", "creator_id"), {"affinity": MEASURE, "long_sessions": COUNT}
    ),
}
