"""What has not come: required columns, and whole days.

Great Expectations judges the rows that are there; of those that are not, no expectation says which.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from statistics import median
from typing import Any

USUAL_ROWS = 20
"""A table of fewer rows a day may have a day without any."""
LEAST_SHARE = 0.1
"""A day of less than this share of the usual rows is missing: only what came late for it is there."""


def gone_entries(gone: Mapping[str, str]) -> list[dict[str, Any]]:
    """An entry of the report for each required column that no longer comes."""
    if not gone:
        return [_entry("columns", "every required column comes", "each comes", "each comes", success=True)]
    return [
        _entry(
            name,
            f"{name.replace('.', ': column ', 1)} is gone: most events that arrived since {_hour(hour)} "
            "lack it and are in rejected; have it sent again, or change include/jobs/amp/events.json",
            f"gone since {_hour(hour)}",
            "in most events",
            success=False,
        )
        for name, hour in sorted(gone.items())
    ]


def day_entries(
    rows: Mapping[str, Mapping[str, int]], first: str, accepted: Iterable[str]
) -> list[dict[str, Any]]:
    """An entry for each day that a table misses between the first arrival and its own last day.

    Args:
        rows: table -> day -> rows.
        first: the day of the first arrival.
        accepted: days that may be missing.
    """
    found = [
        _entry(
            table,
            f"{table}: {day} is missing: it has {count} rows, usual are {usual:.0f}; let its events arrive, "
            "or name it in known_missing_days",
            f"{count} rows on {day}",
            f"rows >= {LEAST_SHARE * usual:.0f}",
            success=False,
        )
        for table, days in sorted(rows.items())
        for day, count, usual in _missing(days, first)
        if day not in set(accepted)
    ]
    return found or [_entry("days", "no day of a table is missing", "all days", "all days", success=True)]


def _missing(days: Mapping[str, int], first: str) -> list[tuple[str, int, float]]:
    """Days with too few rows, the rows, and how many are usual. The last day may still be going on."""
    expected = _days_between(max(first, min(days, default=first)), max(days, default=first))
    counts = {day: days.get(day, 0) for day in expected}
    usual = median(counts.values()) if counts else 0
    if usual < USUAL_ROWS:
        return []
    return [(day, count, usual) for day, count in counts.items() if count < LEAST_SHARE * usual]


def _days_between(first: str, last: str) -> list[str]:
    """The days from ``first`` up to the one before ``last``."""
    if not first:
        return []
    start = date.fromisoformat(first)
    count = (date.fromisoformat(last) - start).days
    return [(start + timedelta(days=number)).isoformat() for number in range(count)]


def _entry(column: str, sentence: str, observed: str, bound: str, *, success: bool) -> dict[str, Any]:
    return {
        "expectation": "absences",
        "column": column,
        "observed": observed,
        "bound": bound,
        "success": success,
        "sentence": sentence,
    }


def _hour(hour: str) -> str:
    """``2026/03/01/10`` as people write it."""
    day, _, clock = hour.rpartition("/")
    return f"{day.replace('/', '-')} {clock}:00 UTC"
