"""Event times: what says which of two records of one identifier is the newer."""

import re
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from local.aws.services.feature_store.errors import RefusedError

ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z")
NUMBER = re.compile(r"\d+(\.\d*)?([eE]\+?\d+)?")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_SECOND = 253_402_300_799
"""9999-12-31T23:59:59Z."""


@lru_cache(maxsize=4096)  # the records of a batch have mostly one
def milliseconds(text: str, feature: str, kind: str) -> int:
    """Since 1970-01-01 UTC.

    Args:
        text: ``yyyy-MM-dd'T'HH:mm:ssZ`` or ``yyyy-MM-dd'T'HH:mm:ss.SSSZ`` in UTC, or seconds since 1970.
        feature: its name, for the message.
        kind: ``String`` or ``Fractional``.

    Raises:
        RefusedError: it is not written so.
    """
    found = _of_iso(text) if kind == "String" else _of_seconds(text)
    if found is None:
        forms = (
            "an ISO-8601 time in UTC, yyyy-MM-dd'T'HH:mm:ssZ or yyyy-MM-dd'T'HH:mm:ss.SSSZ"
            if kind == "String"
            else "seconds since 1970-01-01"
        )
        raise RefusedError(
            f"Validation Error: The EventTime {text[:100]!r} of feature {feature} is not valid: give {forms}."
        )
    return found


def _of_iso(text: str) -> int | None:
    if not ISO.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:  # such as the 31st of February
        return None
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _of_seconds(text: str) -> int | None:
    if not NUMBER.fullmatch(text):
        return None
    seconds = float(text)
    return round(seconds * 1000) if seconds <= LAST_SECOND else None


def now() -> int:
    """Milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


def iso(milliseconds_: int) -> str:
    """As AWS writes times: ``2026-01-02T03:04:05Z``, with milliseconds where there are any."""
    moment = EPOCH + timedelta(milliseconds=milliseconds_)
    return moment.isoformat(timespec="milliseconds" if milliseconds_ % 1000 else "seconds").replace(
        "+00:00", "Z"
    )
