"""The state of an alarm from its data points.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
MISSING, IGNORE, BREACHING, NOT_BREACHING = "missing", "ignore", "breaching", "notBreaching"
MORE = 2
"""Data points that are looked at beside the evaluation periods, in case some are missing."""
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}

Points = Sequence[float | None]
"""Values of successive periods, the newest last; None where nothing was measured."""


@dataclass(frozen=True)
class Rule:
    """When an alarm goes off.

    Attributes:
        comparison: one of :data:`COMPARISONS`.
        periods: how many data points are evaluated.
        datapoints: how many of them have to breach.
        missing: what a missing data point is taken for.
    """

    comparison: str
    threshold: float
    periods: int
    datapoints: int
    missing: str = MISSING

    @property
    def range(self) -> int:
        """How many data points are looked at."""
        return self.periods + MORE

    def breaches(self, value: float) -> bool:
        """Whether a data point is beyond the threshold."""
        return COMPARISONS[self.comparison](value, self.threshold)

    def state(self, points: Points, before: str) -> str:
        """The alarm's state after these points; ``before`` is what it was."""
        found = [self.breaches(value) for value in points if value is not None][-self.periods :]
        filled = self.periods - len(found)
        breaching = sum(found) + (filled if self.missing == BREACHING else 0)
        if breaching >= self.datapoints:
            return ALARM
        if not filled or self.missing in (BREACHING, NOT_BREACHING) or not all(found):
            return OK
        # All there is is breaching, and it is not enough; or there is nothing.
        if self.missing == IGNORE:
            return before
        return ALARM if self._is_old_enough(points) else INSUFFICIENT_DATA

    def _is_old_enough(self, points: Points) -> bool:
        """Whether a breaching point is followed by so many missing ones that no other can come to it."""
        ages = [len(points) - place for place, value in enumerate(points) if value is not None]
        return bool(ages) and max(ages) >= self.datapoints
