"""How often the variants of endpoints are invoked: what CloudWatch has as ``Invocations``, by the minute."""

import os
import threading
import time
from collections import Counter, defaultdict

KEPT = 20
"""Minutes that are remembered; the slowest alarm of autoscaling looks at fifteen."""

Key = tuple[str, str]
"""The endpoint's ARN and the variant's name."""


def minute_from_environment() -> float:
    """Seconds that a minute lasts for autoscaling: ``MILLRACE_AUTOSCALING_MINUTE``, 60 unless set.

    Raises:
        ValueError: it is not a number over zero.
    """
    text = os.environ.get("MILLRACE_AUTOSCALING_MINUTE", "60")
    minute = float(text)
    if not minute > 0:
        raise ValueError(f"MILLRACE_AUTOSCALING_MINUTE is {text}: give seconds, more than 0.")
    return minute


class Invocations:
    """Counts by minute; ``minute`` is its length in seconds. Not part of the saved state."""

    def __init__(self, minute: float = 60.0) -> None:
        self.minute = minute
        self._lock = threading.Lock()
        self._counts: defaultdict[Key, Counter[int]] = defaultdict(Counter)

    def now(self) -> int:
        """The number of the minute that runs, which means the same after a restart."""
        return int(time.time() / self.minute)

    def add(self, arn: str, variant: str) -> None:
        """One more, now."""
        number = self.now()
        with self._lock:
            counts = self._counts[arn, variant]
            counts[number] += 1
            for old in [each for each in counts if each < number - KEPT]:
                del counts[old]

    def between(self, arn: str, variant: str, first: int, end: int) -> list[int]:
        """Counts of the minutes from ``first`` on, without ``end``; those that are forgotten are zero."""
        with self._lock:
            counts = self._counts.get((arn, variant), Counter[int]())
            return [counts[number] for number in range(first, end)]

    def forget(self, arn: str) -> None:
        """Drops the counts of an endpoint that is gone."""
        with self._lock:
            for key in [key for key in self._counts if key[0] == arn]:
                del self._counts[key]


_invocations = Invocations()


def restart() -> None:
    """Begins to count anew, with the environment's minute."""
    global _invocations  # noqa: PLW0603
    _invocations = Invocations(minute_from_environment())


def invocations() -> Invocations:
    """Those of the server that runs in this process."""
    return _invocations
