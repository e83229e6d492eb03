"""The record that goes into the stream: the change, and of what the catalog knows the wanted fields only."""

import json
from collections.abc import Mapping
from typing import Any

from catalog import UnknownShowError
from changes import Change

WANTED: Mapping[str, Any] = {
    "title": str,
    "status": str,
    "topics": list,
    "creator": {"id": str},
    "schedule": {"starts_at": str, "minutes": int},
}
"""Field -> its type, or the fields that are wanted of it. What else the catalog says, such as a creator's
address, goes no further."""


def record(change: Change, show: Mapping[str, Any]) -> bytes:
    """The record, as JSON.

    Raises:
        UnknownShowError: the catalog does not say all that is wanted.
    """
    document = {
        "event_id": change.event_id,
        "event_time": change.event_time,
        "show": {"id": change.show_id, **_wanted(show, WANTED, change.show_id)},
    }
    try:
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise UnknownShowError(
            f"{change.show_id} has text in the catalog that is no Unicode: {error}"
        ) from error


def _wanted(found: Mapping[str, Any], wanted: Mapping[str, Any], where: str) -> dict[str, Any]:
    kept = {}
    for name, of in wanted.items():
        value, kind = found.get(name), dict if isinstance(of, Mapping) else of
        # By its very type: a truth value is an int too.
        if type(value) is not kind:
            raise UnknownShowError(
                f"{where}.{name} is {type(value).__name__} in the catalog, not {kind.__name__}"
            )
        kept[name] = _wanted(value, of, f"{where}.{name}") if isinstance(of, Mapping) else value
    return kept
