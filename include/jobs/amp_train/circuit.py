"""Keeps a store that is down from costing each request its whole timeout.

Nygard, "Release It!" (2018), "Circuit Breaker".
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

log = logging.getLogger("ranking")

FAILURES = 3
"""So many failures in a row are more than a lost packet: the store is not asked for a while."""
OPEN_SECONDS = 1.0
"""How long it is not asked. Then one request tries it; the others go on without."""

Answer = TypeVar("Answer")


class UnavailableError(Exception):
    """A store did not answer, or was not asked because it did not. The message says which and why."""


class Circuit:
    """Calls of one store.

    Args:
        store: its name, for sentences.
        errors: what it may fail with, and why that is, in words.
        clock: seconds.
    """

    def __init__(
        self,
        store: str,
        errors: dict[type[Exception], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._errors, self._clock = store, errors, clock
        self._lock = threading.Lock()
        self._failures, self._again, self._why = 0, 0.0, ""

    def call(self, ask: Callable[[], Answer]) -> Answer:
        """What the store answers.

        Raises:
            UnavailableError: it does not, or has not and is not asked again yet.
        """
        self._check()
        try:
            answer = ask()
        except tuple(self._errors) as error:
            raise UnavailableError(self._failed(error)) from error
        with self._lock:
            if self._failures >= FAILURES:
                log.warning("%s answers again", self._store)
            self._failures = 0
        return answer

    def _check(self) -> None:
        with self._lock:
            if self._failures < FAILURES:
                return
            if self._clock() < self._again:
                raise UnavailableError(self._why)
            self._again = self._clock() + OPEN_SECONDS

    def _failed(self, error: Exception) -> str:
        reason = next(words for kind, words in self._errors.items() if isinstance(error, kind))
        # The error may name hosts: it is for the log.
        log.warning("%s %s: %s", self._store, reason, error)
        with self._lock:
            self._failures += 1
            self._again = self._clock() + OPEN_SECONDS
            self._why = f"{self._store} {reason}."
            return self._why
