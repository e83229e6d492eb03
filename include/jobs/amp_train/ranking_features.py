"""The 21 features by which shows are ranked, in the order that every file and every request has.

Groups and columns are those of the feature store. A value that no version of a group has is null in the
training set and an empty field in a request.
"""

GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "user": (
        "user_id",
        (
            "listening_minutes",
            "sessions",
            "long_sessions",
            "shows_liked",
            "creators_followed",
            "notifications_enabled",
            "active_days",
        ),
    ),
    "creator": (
        "creator_id",
        (
            "recent_plays",
            "distinct_listeners",
            "mean_listening_minutes",
            "likes",
            "followers",
            "shows_hosted",
        ),
    ),
    "show": ("show_id", ("listens", "likes", "mean_completion")),
    "user_topic": ("user_topic", ("affinity", "likes", "declared")),
    "user_creator": ("user_creator", ("affinity", "long_sessions")),
}
"""Group -> the column that identifies a record, and its features. Those of ``user_topic`` are summed over a
show's topics: the share of the user's listening that is on any of them, likes, and how many are declared."""
FEATURES = tuple(f"{group}_{name}" for group, (_, names) in GROUPS.items() for name in names)
DECLARED = "user_topic_declared"
"""What the heuristic goes by: how many of the show's topics the user has declared; null counts as none."""
NOT_KNOWN = -1.0
"""What the forest takes for null: no feature is below 0, so one split tells the two apart."""
LABEL = "label"
IDENTITY = ("hour", "user_id", "show_id")
"""Columns that tell the rows of a training set apart; hour and user are a query."""
EVENT_TIMES = tuple(f"{group}_event_time" for group in GROUPS)
"""Of the version that a row's features are from."""
