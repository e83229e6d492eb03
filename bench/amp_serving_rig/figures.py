"""Rows of the benchmark's table."""

import statistics
from collections.abc import Sequence

from bench.reporting import Row


def row(what: str, value: float, unit: str, goal: str = "") -> Row:
    """One figure."""
    return {"what": what, "value": value, "unit": unit, "goal": goal}


def times(what: str, milliseconds: Sequence[float], goal: str = "") -> list[Row]:
    """Two: the median and what 99 of 100 stay below, for which the goal is."""
    cuts = statistics.quantiles(milliseconds, n=100)
    return [row(what, cuts[49], "ms p50"), row(what, cuts[98], "ms p99", goal)]
