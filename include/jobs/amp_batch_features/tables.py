"""What is read of the lake's tables, and what the partial aggregates of a day consist of.

Every number is an integer: sums of integers are the same in whatever order Spark adds them, so the same
events give the same bytes, and whoever adds up partials gets what the events themselves would have given.
"""

from dataclasses import dataclass

UNITS_PER_SECOND = 2520
"""The least number that 1 to 10 divide: a session's seconds are shared among its topics without a rest."""
COMPLETION_UNITS = 2**36
"""Of one complete session: 1.5e-11 is the smallest share of a show that counts."""

SOURCES = {
    "user": "event_time TIMESTAMP, event_id STRING, user_id STRING, topics ARRAY<STRING>",
    "show": "show_id STRING, creator_id STRING, status STRING",
    "session": (
        "user_id STRING, show_id STRING, creator_id STRING, topics ARRAY<STRING>, show_minutes BIGINT, "
        "seconds BIGINT"
    ),
    "like": "user_id STRING, show_id STRING, creator_id STRING, topics ARRAY<STRING>",
    "follow": ("event_time TIMESTAMP, event_id STRING, user_id STRING, creator_id STRING, following BOOLEAN"),
    "notification": (
        "event_time TIMESTAMP, event_id STRING, user_id STRING, creator_id STRING, enabled BOOLEAN"
    ),
    "call_in": "user_id STRING",
    "co_host": "user_id STRING",
    "poll_answer": "user_id STRING",
    "chat_message": "user_id STRING",
}
"""Table of the lake -> the columns that features are made of, none of which is ever null."""

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
"""What makes a user's day an active one."""
EVERY_DAY = "session"
"""A day without any of these has not arrived: there is no day on which nobody listens."""


@dataclass(frozen=True)
class Partial:
    """One kind of aggregate of a day: its columns, the first ``keys`` of which are unique and sorted by."""

    columns: str
    keys: int

    @property
    def names(self) -> list[str]:
        """Of the columns, in order."""
        return [column.split()[0] for column in self.columns.split(", ")]

    @property
    def order(self) -> list[str]:
        """The key's columns."""
        return self.names[: self.keys]


PARTIALS = {
    "user_day": Partial("user_id STRING, seconds BIGINT, sessions BIGINT, long_sessions BIGINT", 1),
    "user_topic_day": Partial("user_id STRING, topic STRING, units BIGINT", 2),
    "user_creator_day": Partial(
        "user_id STRING, creator_id STRING, seconds BIGINT, sessions BIGINT, long_sessions BIGINT", 2
    ),
    "show_day": Partial("show_id STRING, sessions BIGINT, completion BIGINT", 1),
    "like_day": Partial("user_id STRING, show_id STRING, creator_id STRING, topic STRING", 4),
    "hosted_day": Partial("creator_id STRING, show_id STRING", 2),
    "show_seen": Partial("show_id STRING", 1),
    "creator_seen": Partial("creator_id STRING", 1),
    "follow_state": Partial(
        "user_id STRING, creator_id STRING, event_time TIMESTAMP, event_id STRING, following BOOLEAN", 2
    ),
    "notification_state": Partial(
        "user_id STRING, creator_id STRING, event_time TIMESTAMP, event_id STRING, enabled BOOLEAN", 2
    ),
    "profile_state": Partial(
        "user_id STRING, event_time TIMESTAMP, event_id STRING, topics ARRAY<STRING>", 1
    ),
}
"""The partials of a day. A row of ``user_day`` says that the user was active, with or without a session."""

STATES = ("follow_state", "notification_state", "profile_state")
"""Of each key the last event, whatever came before it."""
CARRIED = (*STATES, "creator_seen")
"""What counts however old it is: carried from day to day in a base."""
