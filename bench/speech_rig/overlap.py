"""How many of some intervals overlap, over the time."""

from collections.abc import Sequence
from itertools import pairwise

Interval = tuple[float, float]


def at_a_time(intervals: Sequence[Interval]) -> list[tuple[float, int]]:
    """For how many seconds how many intervals overlapped, in order of time.

    >>> at_a_time([(0.0, 2.0), (1.0, 4.0)])
    [(1.0, 1), (1.0, 2), (2.0, 1)]
    """
    changes = sorted([(start, 1) for start, _ in intervals] + [(end, -1) for _, end in intervals])
    found, count = [], 0
    for (moment, change), (following, _) in pairwise(changes):
        count += change
        if following > moment:
            found.append((following - moment, count))
    return found


def median_at_a_time(intervals: Sequence[Interval]) -> float:
    """As many as overlapped at least for half of the time."""
    spans = sorted(at_a_time(intervals), key=lambda span: span[1])
    half = sum(seconds for seconds, _ in spans) / 2
    for seconds, count in spans:
        half -= seconds
        if half <= 0:
            return float(count)
    return 0.0
