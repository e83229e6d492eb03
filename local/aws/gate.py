"""Keeps snapshots and changes apart."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Many may change the state at a time, or one may copy it; whoever copies waits for the others.

    A copy does not wait for ever: a request that hangs must not stop all others, so after
    ``patience`` seconds the copier goes ahead and has to cope with a state that moves.
    """

    def __init__(self, patience: float = 2.0) -> None:
        self._condition = threading.Condition()
        self._patience = patience
        self._changing = 0
        self._copying = False
        self._inside = threading.local()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Holds copies off. May be entered again by the same thread."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        depth = getattr(self._inside, "depth", 0)
        give_up = time.monotonic() + self._patience
        with self._condition:
            # A thread that is inside already must not wait for a copier that waits for it.
            while not depth and self._copying and (left := give_up - time.monotonic()) > 0:
                self._condition.wait(left)
            self._changing += 1
        self._inside.depth = depth + 1

    def _leave(self) -> None:
        self._inside.depth -= 1
        with self._condition:
            self._changing -= 1
            self._condition.notify_all()

    @contextmanager
    def copying(self) -> Iterator[None]:
        """Waits until nobody changes the state and holds everybody off."""
        give_up = time.monotonic() + self._patience
        with self._condition:
            self._copying = True
            while self._changing and (left := give_up - time.monotonic()) > 0:
                self._condition.wait(left)
        try:
            yield
        finally:
            with self._condition:
                self._copying = False
                self._condition.notify_all()
