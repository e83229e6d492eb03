"""How many entities each version of the features had, to notice that half of them are gone."""

import json
from collections.abc import Mapping
from datetime import date

from manifests import day_of
from objects import Location, content, listed, write


def last_counts(history: Location, day: date) -> dict[str, int]:
    """Group -> entities of the newest version before ``day``; nothing where there is none."""
    earlier = [found.location for found in listed(history.child("")) if day_of(found.location) < day]
    record = content(max(earlier, key=day_of)) if earlier else None
    counts: dict[str, int] = json.loads(record) if record else {}
    return counts


def changes(counts: Mapping[str, int], before: Mapping[str, int]) -> dict[str, float]:
    """Of each group the relative change of its entities, 0 where there was no version before."""
    return {
        group: abs(count - before[group]) / max(before[group], 1) if group in before else 0.0
        for group, count in counts.items()
    }


def keep_counts(history: Location, day: date, counts: Mapping[str, int], kms_key: str | None) -> None:
    """Keeps a version's numbers for the next one to be compared with."""
    text = json.dumps(dict(counts), indent=2) + "\n"
    write(history.child(f"day={day}.json"), text.encode(), kms_key)
