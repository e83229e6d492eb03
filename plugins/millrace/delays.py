"""How long to wait before the next try: longer each time, and never all together."""

import random
from datetime import timedelta

LONGEST = timedelta(hours=1)
WHEN_FULL = timedelta(minutes=5)
"""The first delay where a quota is full, or AWS has no instances: jobs end in minutes, not in seconds."""


def jittered(delay: timedelta, spread: float = 0.25) -> timedelta:
    """The delay, up to a quarter shorter or longer."""
    return delay * random.uniform(1 - spread, 1 + spread)  # noqa: S311  # jitter is no secret


def growing(first: timedelta, attempt: int, longest: timedelta = LONGEST) -> timedelta:
    """Doubles with every attempt, counted from 1, up to ``longest``; then jittered."""
    return jittered(min(first * 2 ** min(attempt - 1, 30), longest))
