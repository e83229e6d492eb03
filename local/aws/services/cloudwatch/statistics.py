"""Statistics of the values of a period: those that CloudWatch names, and percentiles."""

import re
from collections.abc import Iterable, Mapping

from local.aws.metrics import SECONDS, Minute

PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
NAMED = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")


def is_known(name: str) -> bool:
    """Whether :func:`statistic` has it; trimmed means and their like it has not."""
    return name in NAMED or PERCENTILE.fullmatch(name) is not None


def statistic(name: str, minutes: Iterable[Minute]) -> float | None:
    """Of all values of the minutes; None where they tell too little.

    Raises:
        KeyError: it is not known.
    """
    given = list(minutes)
    count = sum(minute.count for minute in given)
    total = sum(minute.total for minute in given)
    if not count:
        return None
    if found := PERCENTILE.fullmatch(name):
        return percentile(float(found[1]), given)
    return {
        "SampleCount": count,
        "Average": total / count,
        "Sum": total,
        "Minimum": min(minute.low for minute in given),
        "Maximum": max(minute.high for minute in given),
    }[name]


def percentile(percent: float, minutes: Iterable[Minute]) -> float | None:
    """The smallest value that so many percent of all values do not exceed.

    A kept value stands for as many as its minute had for each that was kept; None where none was.
    """
    weighted = sorted(
        (value, minute.count / len(minute.sample)) for minute in minutes for value in minute.sample
    )
    # Sums of weights are not exact: what is a billionth short is there.
    wanted = percent / 100 * sum(weight for _, weight in weighted) * (1 - 1e-9)
    seen = 0.0
    for value, weight in weighted:
        seen += weight
        if seen >= wanted:
            return value
    return None


def by_period(
    name: str, minutes: Mapping[int, Minute], period: int, origin: int = 0
) -> list[tuple[int, float]]:
    """Where each period with values begins, in seconds since 1970, and its statistic; the oldest first.

    Args:
        name: of the statistic.
        minutes: by their numbers.
        period: seconds; a shorter one than a minute is a minute.
        origin: a second at which a period begins.
    """
    length = max(period, SECONDS)
    groups: dict[int, list[Minute]] = {}
    for number, minute in sorted(minutes.items()):
        start = (number * SECONDS - origin) // length * length + origin
        groups.setdefault(start, []).append(minute)
    values = ((start, statistic(name, group)) for start, group in groups.items())
    return [(start, value) for start, value in values if value is not None]
