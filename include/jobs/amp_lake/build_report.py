"""What a run has done, in numbers for Airflow and in words for the gate."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arrived_objects import Arrivals
from bookmark import Bookmark
from documents import write_json
from lake_layout import REJECTED
from merge import Merged
from objects import Location, write

DASHES = str.maketrans("/", "-")


@dataclass(frozen=True)
class Changes:
    """What became of a run's lines.

    Args:
        lines: how many they are.
        late: events that arrived on a later day than they happened.
        rejected: rule -> lines.
        merged: table -> what it has gained.
        files: size and place of each file that was published.
        new_columns: table -> columns that it did not have.
        gone: ``<table>.<column>`` -> the hour of arrival since which most events lack it.
    """

    lines: int = 0
    late: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    merged: Mapping[str, Merged] = field(default_factory=dict)
    files: list[tuple[int, Location]] = field(default_factory=list)
    new_columns: Mapping[str, list[str]] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)

    def rows(
        self, before: Mapping[str, Mapping[str, int]], retired: Mapping[str, list[str]]
    ) -> dict[str, dict[str, int]]:
        """Table -> day -> rows of the lake."""
        tables = {*before, *self.merged}
        after = {
            table: {**before.get(table, {}), **(self.merged[table].totals if table in self.merged else {})}
            for table in sorted(tables)
        }
        return {
            table: {day: count for day, count in sorted(days.items()) if day not in retired.get(table, [])}
            for table, days in after.items()
        }

    def partitions(self) -> dict[str, list[str]]:
        """Table -> days of which files were written."""
        found = {name: sorted({day for day, _ in each.gains}) for name, each in self.merged.items()}
        return {name: days for name, days in found.items() if days}


def metrics(changes: Changes, arrivals: Arrivals, retired: Mapping[str, list[str]]) -> dict[str, float]:
    """Flat numbers; ``lines == events + duplicates + rejected`` in a run that no killed one came before."""
    rejected = sum(changes.rejected.values())
    gained = {name: sum(each.gains.values()) for name, each in changes.merged.items() if name != REJECTED}
    events = sum(gained.values())
    partitions = changes.partitions()
    return {
        "objects": len(arrivals.objects),
        "objects_ignored": arrivals.ignored,
        "more_objects": int(arrivals.more),
        "lines": changes.lines,
        "events": events,
        "duplicates": changes.lines - rejected - events,
        "late": changes.late,
        "rejected": rejected,
        "rejected_fraction": rejected / changes.lines if changes.lines else 0.0,
        **{f"rejected_{rule}": count for rule, count in sorted(changes.rejected.items())},
        "tables": len(partitions),
        "partitions_rewritten": sum(map(len, partitions.values())),
        "partitions_retired": sum(map(len, retired.values())),
        "files_published": len(changes.files),
        "bytes": sum(size for size, _ in changes.files),
        "new_columns": sum(map(len, changes.new_columns.values())),
        "columns_gone": len(changes.gone),
    }


def document(changes: Changes, bookmark: Bookmark, retired: Mapping[str, list[str]]) -> dict[str, Any]:
    """What the gate looks at: partitions that were written, and what is missing since when."""
    return {
        "partitions": changes.partitions(),
        "new_columns": dict(changes.new_columns),
        "gone": bookmark.gone,
        "rows": bookmark.rows,
        "first_day": bookmark.first[:10].translate(DASHES),
        "newest_day": bookmark.newest[:10].translate(DASHES),
        "retired": dict(retired),
    }


def write_report(where: str, numbers: Mapping[str, float], changes: Mapping[str, Any]) -> None:
    """Writes ``metrics.json`` and ``changes.json`` into a folder or below an S3 URI."""
    for name, content in (("metrics", numbers), ("changes", changes)):
        if where.startswith("s3://"):
            write(Location.parse(where).child(f"{name}.json"), json.dumps(content, indent=2).encode(), None)
        else:
            write_json(Path(where) / f"{name}.json", content)
