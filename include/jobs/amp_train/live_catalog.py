"""The shows to choose from, kept for a moment: a request does not wait for the catalog of all of them."""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from circuit import UnavailableError
from listing import Show

KEPT_SECONDS = 2.0
"""A show that goes live is to be had so much later."""
MOST_CANDIDATES = 1_000
LONGEST_LIVE = 24 * 3_600_000
"""Milliseconds. A show of which no end was heard for so long has ended."""
LATEST_START = 3_600_000
"""Milliseconds. A show that should have begun so long ago does not come any more."""


class State(NamedTuple):
    """What the catalog said, and for how many seconds that has been known."""

    shows: Sequence[Show]
    age: float


class LiveCatalog:
    """The catalog as it was read last.

    Args:
        read: all live and upcoming shows.
        clock: seconds.
    """

    def __init__(self, read: Callable[[], list[Show]], clock: Callable[[], float] = time.monotonic) -> None:
        self._read, self._clock = read, clock
        self._lock = threading.Lock()
        self._shows: list[Show] | None = None
        self._read_at = 0.0

    def state(self) -> State:
        """Read again if it is old and nobody else does; the last one while the store does not answer.

        Raises:
            UnavailableError: it could never be read.
        """
        # Whoever has no state at all waits for it.
        if self._is_old() and self._lock.acquire(blocking=self._shows is None):
            try:
                self._refresh()
            finally:
                self._lock.release()
        return State(self._shows or [], self._clock() - self._read_at)

    def _is_old(self) -> bool:
        return self._shows is None or self._clock() - self._read_at > KEPT_SECONDS

    def _refresh(self) -> None:
        if not self._is_old():
            return
        try:
            now = self._clock()
            self._shows, self._read_at = self._read(), now
        except UnavailableError:
            if self._shows is None:
                raise


def offered(shows: Sequence[Show], now: int, chosen: Collection[str] | None = None) -> list[Show]:
    """At most `MOST_CANDIDATES` that are live or will be: live ones first, then those that begin next.

    Args:
        shows: what the catalog says.
        now: milliseconds since 1970-01-01.
        chosen: ids to keep to; None for all.
    """
    there = [
        show
        for show in shows
        if (chosen is None or show.show_id in chosen)
        and (
            now - show.changed_at < LONGEST_LIVE
            if show.status == "live"
            else now - show.starts_at < LATEST_START
        )
    ]
    there.sort(key=lambda show: (show.status != "live", show.starts_at, show.show_id))
    return there[:MOST_CANDIDATES]
