"""What is counted of each user, and which metrics are made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow.compute as pc

from uplift import Floats, Mask, Sample, adjusted

SHORT_SECONDS = 60
"""A session under it is a short one: somebody came, and left at once."""

EVERY = pc.scalar(1)
TABLES: Mapping[str, Mapping[str, pc.Expression]] = {
    "session": {
        "sessions": EVERY,
        "seconds": pc.field("seconds"),
        "short_sessions": pc.field("seconds") < SHORT_SECONDS,
    },
    "like": {"likes": EVERY},
    "follow": {"follows": pc.field("following"), "unfollows": ~pc.field("following")},
    "notification": {"notifications_on": pc.field("enabled"), "notifications_off": ~pc.field("enabled")},
    "call_in": {"call_ins": EVERY},
    "co_host": {"co_hosts": EVERY},
    "poll_answer": {"poll_answers": EVERY},
    "chat_message": {"chat_messages": EVERY},
}
"""Table of the lake -> count of a user -> what is summed up over the user's events."""
COUNTS: Sequence[str] = tuple(name for counts in TABLES.values() for name in counts)


@dataclass(frozen=True)
class Metric:
    """A mean over users, or the ratio of two sums over them.

    Args:
        title: for people.
        counts: that are summed up.
        over: a count to divide by; without one it is each user's own sum.
        scale: of the sum.
        better: 1 if more is better, -1 if less is.
    """

    title: str
    counts: Sequence[str]
    over: str | None = None
    scale: float = 1.0
    better: int = 1

    def sample(self, users: pd.DataFrame, before: pd.DataFrame | None, chosen: Mask) -> Sample:
        """What is known of the users of a variant.

        Args:
            users: counts of all users of the experiment.
            before: their counts of the days before it, to adjust by; None for the plain mean.
            chosen: (users,) whether each is in the variant.

        Raises:
            TooFewError: there are too few of them.
        """
        if self.over:
            return Sample.of_ratio(self._sums(users)[chosen], users[self.over].to_numpy(float)[chosen])
        values = self._sums(users)
        if before is not None:
            values = adjusted(values, self._sums(before))
        return Sample.of_values(values[chosen])

    def _sums(self, users: pd.DataFrame) -> Floats:
        sums: Floats = users[[*self.counts]].sum(axis=1).to_numpy(float) * self.scale
        return sums


METRICS: Mapping[str, Metric] = {
    "engagement": Metric(
        "Likes, follows and notifications turned on, of a user", ("likes", "follows", "notifications_on")
    ),
    "playback_minutes": Metric("Minutes listened, of a user", ("seconds",), scale=1 / 60),
    "participation": Metric(
        "Messages, call-ins, co-hosting and poll answers, of a user",
        ("chat_messages", "call_ins", "co_hosts", "poll_answers"),
    ),
}
"""What a change may be meant to raise."""
PLANTED: Sequence[str] = tuple(name for metric in METRICS.values() for name in metric.counts)
"""Counts that a planted effect changes."""
GUARDRAILS: Mapping[str, Metric] = {
    "short_sessions": Metric(
        "Share of sessions under a minute", ("short_sessions",), over="sessions", better=-1
    ),
    "sessions": Metric("Sessions, of a user", ("sessions",)),
    "opt_outs": Metric(
        "Creators unfollowed and notifications turned off, of a user",
        ("unfollows", "notifications_off"),
        better=-1,
    ),
}
"""What no change may do harm to, whatever it is meant to raise."""
