"""Daily features, and what was counted since their version, as one.

Both are what docs/features.md says: the sum is what the features would be, if their window reached until now.
"""

from collections.abc import Mapping
from typing import Protocol

COUNTED: dict[str, dict[str, str]] = {
    "user": {
        "listening_minutes": "listening_minutes",
        "sessions": "listens",
        "long_sessions": "long_sessions",
        "shows_liked": "likes",
    },
    "creator": {"recent_plays": "listens", "likes": "likes"},
    "show": {"listens": "listens", "likes": "likes"},
}
"""Group -> its features that grow with each event, and the counter of each. The others stay as they are."""

Features = Mapping[str, float]


class Counter(Protocol):
    """``reading.Counts``."""

    @property
    def likes(self) -> int: ...  # noqa: D102
    @property
    def listens(self) -> int: ...  # noqa: D102
    @property
    def long_sessions(self) -> int: ...  # noqa: D102
    @property
    def listening_minutes(self) -> float: ...  # noqa: D102


def with_counts(group: str, features: Features | None, counts: Counter) -> Features | None:
    """Features of one user, creator or show.

    Args:
        group: its short name.
        features: of its daily record; None without one.
        counts: since the version of that.

    Returns:
        None if it has no record and nothing was counted: then nothing is known of it.
    """
    added = {name: float(getattr(counts, counter)) for name, counter in COUNTED[group].items()}
    if not any(added.values()):
        return features
    known = features or {}
    return {**known, **{name: known.get(name, 0.0) + value for name, value in added.items()}}
