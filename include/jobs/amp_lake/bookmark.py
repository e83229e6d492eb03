"""What has been taken into the lake: the one document by which the next run knows what is new.

It is written after everything else. A run that was killed before has published what it has published, and the
next one takes the same objects again: what the lake has by then stays as it is.
"""

import json
from dataclasses import asdict, dataclass, field

from failure import JobError
from objects import Location, content, write


@dataclass(frozen=True)
class Bookmark:
    """How far the lake is.

    Args:
        closed: the hour of arrival, ``YYYY/MM/DD/HH``, up to which every object is in the lake.
        done: objects of later hours that are, as keys below the prefix of the events.
        first: the first hour of arrival.
        newest: the last one.
        gone: ``<table>.<column>`` -> the hour of arrival since which events come without it.
        rows: table -> day -> rows of the lake.
    """

    closed: str = ""
    done: frozenset[str] = frozenset()
    first: str = ""
    newest: str = ""
    gone: dict[str, str] = field(default_factory=dict)
    rows: dict[str, dict[str, int]] = field(default_factory=dict)


def read_bookmark(place: Location) -> Bookmark:
    """The bookmark; an empty one where there is none yet.

    Raises:
        JobError: what is there is none.
    """
    found = content(place)
    if found is None:
        return Bookmark()
    try:
        document = json.loads(found)
        return Bookmark(**{**document, "done": frozenset(document["done"])})
    except (ValueError, TypeError, KeyError) as error:
        raise JobError(
            f"{place} is no bookmark of this job ({error}): put its former version back, or delete it; "
            "the job then takes every object again, which changes nothing in the lake."
        ) from error


def write_bookmark(place: Location, bookmark: Bookmark, kms_key: str | None) -> None:
    """Replaces the bookmark."""
    document = {**asdict(bookmark), "done": sorted(bookmark.done)}
    write(place, json.dumps(document, indent=1).encode(), kms_key)
