"""The contract of the events: which fields each type must have, and of which type each is."""

import json
import pkgutil
from functools import lru_cache

EVERY = "*"
"""Under this name stand the fields of every event."""


@lru_cache
def event_types() -> dict[str, dict[str, str]]:
    """Event type -> field -> type, in Spark's words; the fields of every event come first."""
    # The modules may be in an archive.
    found: dict[str, dict[str, str]] = json.loads(pkgutil.get_data(__name__, "events.json") or b"")
    every = found.pop(EVERY)
    return {name: every | fields for name, fields in found.items()}
