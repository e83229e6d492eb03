"""Notices that a required field has stopped coming, and since when.

One event without it is a fault of that event. If most events of a type lack it, and go on lacking it until
the last hour that arrived, whoever sends them has changed.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

LEAST_LINES = 10
"""Fewer lines say nothing of a type."""
SHARE = 0.5
MISSING = "field missing: "


@dataclass(frozen=True)
class Tally:
    """Lines of an event type that arrived in an hour, with the field that they lack or none."""

    table: str
    hour: str
    missing: str | None
    lines: int


def gone_columns(tallies: Iterable[Tally], before: dict[str, str]) -> dict[str, str]:
    """``<table>.<column>`` -> the hour since which most events lack it; ``before``: as it was."""
    lines: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    lacking: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for tally in tallies:
        lines[tally.table][tally.hour] += tally.lines
        if tally.missing:
            lacking[f"{tally.table}.{tally.missing}"][tally.hour] += tally.lines
    gone = {name: hour for name, hour in before.items() if name.partition(".")[0] not in lines}
    for name, hours in lacking.items():
        if since := _since(lines[name.partition(".")[0]], hours):
            all_of_them = since == min(lines[name.partition(".")[0]])
            gone[name] = before.get(name, since) if all_of_them else since
    return gone


def _since(lines: dict[str, int], lacking: dict[str, int]) -> str | None:
    """The first of the last hours in all of which the field is lacking."""
    since, count = None, 0
    for hour in sorted(lines, reverse=True):
        if lacking.get(hour, 0) < SHARE * lines[hour]:
            break
        since, count = hour, count + lacking[hour]
    return since if count >= LEAST_LINES else None
