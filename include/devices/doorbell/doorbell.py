"""Greets whoever comes near, and records what they say."""

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Protocol

from .outbox import Outbox
from .sound import SoundError

NEAREST_CM, FARTHEST_CM = 30.0, 200.0
PAUSE_SECONDS = 0.5

log = logging.getLogger(__name__)


class Finder(Protocol):
    """What measures distances."""

    def steady_centimetres(self) -> float | None:
        """None where nothing is in front."""
        ...


class Doorbell:
    """The device's work, but not its parts.

    Args:
        finder: Measures how far away the nearest thing is.
        greet: Plays the greeting to its end.
        record: Records a message into a file.
        outbox: Takes the recordings.
    """

    def __init__(
        self, finder: Finder, greet: Callable[[], None], record: Callable[[Path], None], outbox: Outbox
    ) -> None:
        self._finder = finder
        self._greet = greet
        self._record = record
        self._outbox = outbox
        self._was_near = False

    def watch(self, stop: Event) -> None:
        """Looks for visitors until ``stop`` is set."""
        while not stop.is_set():
            self.look()
            stop.wait(PAUSE_SECONDS)

    def look(self) -> bool:
        """Measures once; a visitor who has just come is greeted and recorded. True for a new recording.

        Who stays is not greeted again before they have gone.
        """
        distance = self._finder.steady_centimetres()
        is_near = distance is not None and NEAREST_CM <= distance <= FARTHEST_CM
        has_come = is_near and not self._was_near
        self._was_near = is_near
        return has_come and self._take_message()

    def _take_message(self) -> bool:
        file = self._outbox.unfinished()
        try:
            self._greet()
            self._record(file)
            added = self._outbox.add(file)
        except (SoundError, OSError):
            # The next visitor may be luckier; one failure must not end the doorbell.
            log.exception("A visitor could not be recorded")
            file.unlink(missing_ok=True)
            return False
        log.info("%s is recorded", added.name)
        return True
