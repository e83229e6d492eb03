"""The window of a version of the features, in days of UTC, and how the past fades in it."""

from datetime import date, timedelta

WINDOW_DAYS = 60
RECENT_DAYS = 14
HALF_LIFE_DAYS = 14
LONG_SECONDS = 300
"""A session of more seconds than these is a long one."""


def days_between(first: date, end: date) -> list[date]:
    """The days from ``first`` up to, but without, ``end``."""
    return [first + timedelta(number) for number in range((end - first).days)]


def window(version: date) -> list[date]:
    """The days whose events a version covers, the oldest first; its own day is not over and not in it."""
    return days_between(version - timedelta(WINDOW_DAYS), version)


def version_days(day: date, count: int) -> list[date]:
    """``day`` and the days before it of which features are wanted, the oldest first."""
    return days_between(day - timedelta(count - 1), day + timedelta(1))


def window_days(versions: list[date]) -> list[date]:
    """The days that at least one of consecutive versions covers."""
    return days_between(window(versions[0])[0], versions[-1])
