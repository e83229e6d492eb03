"""Nested records become the flat lines of JSON of which the lake is built."""

import json
from collections.abc import Mapping
from typing import Any

VERSION = 1
FIELDS: Mapping[str, tuple[tuple[str, ...], type]] = {
    "event_id": (("event_id",), str),
    "event_time": (("event_time",), str),
    "show_id": (("show", "id"), str),
    "creator_id": (("show", "creator", "id"), str),
    "title": (("show", "title"), str),
    "topics": (("show", "topics"), list),
    "starts_at": (("show", "schedule", "starts_at"), str),
    "minutes": (("show", "schedule", "minutes"), int),
    "status": (("show", "status"), str),
}
"""Field of the lake's ``show`` events -> where it stands in a record, and its type."""


class NotFlattenableError(ValueError):
    """A record that is no event of the lake. It says what is wrong with it."""


def flatten(data: bytes) -> bytes:
    """A record as one line of JSON, with its line feed.

    Raises:
        NotFlattenableError: it is not JSON, a field is missing or of another type, or a text is no Unicode.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise NotFlattenableError(f"it is not JSON: {error}") from error
    line: dict[str, Any] = {}
    for name, (path, kind) in FIELDS.items():
        value = _at(found, path)
        # By its very type: a truth value is an int too.
        if type(value) is not kind:
            raise NotFlattenableError(f"{'.'.join(path)} is {type(value).__name__}, not {kind.__name__}")
        line[name] = value
    if odd := [each for each in line["topics"] if not isinstance(each, str)]:
        raise NotFlattenableError(f"show.topics holds {type(odd[0]).__name__}, not only str")
    first = {"event_id": line.pop("event_id"), "event_type": "show", "event_time": line.pop("event_time")}
    document = first | {"version": VERSION} | line
    try:
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    except UnicodeEncodeError as error:
        raise NotFlattenableError(f"it has text that is no Unicode: {error}") from error


def _at(found: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found
