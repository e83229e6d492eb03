"""What the tests know of the world that `make_world.py` makes."""

import json

GROUPS = {
    "user": (
        "listening_minutes",
        "sessions",
        "long_sessions",
        "shows_liked",
        "creators_followed",
        "notifications_enabled",
        "active_days",
    ),
    "creator": (
        "recent_plays",
        "distinct_listeners",
        "mean_listening_minutes",
        "likes",
        "followers",
        "shows_hosted",
    ),
    "show": ("listens", "likes", "mean_completion"),
    "user_topic": ("affinity", "likes", "declared"),
    "user_creator": ("affinity", "long_sessions"),
}
CREATORS_ON_AIR = tuple(f"c{number:06d}" for number in range(12) if number != 1)
"""The second's shows are cancelled."""


def topics_of(world):
    """Topics by creator."""
    return json.loads((world / "topics.json").read_text())
