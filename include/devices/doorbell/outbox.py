"""Recordings that wait on disk until they are uploaded, through power cuts and days without a network."""

import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from uuid import uuid4

MOST_BYTES = 512 * 1024 * 1024
"""About 280 recordings of 20 seconds."""
SUFFIX, UNFINISHED = ".wav", ".part"

log = logging.getLogger(__name__)


class Outbox:
    """A folder of finished recordings, oldest first by their names.

    One process writes to it. When it holds more than ``most_bytes``, the oldest recordings go.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self.arrived = Event()
        """Set when a recording was added; who waits for one clears it."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in folder.glob(f"*{UNFINISHED}"):
            log.warning("%s was being recorded when the power went: removed", left.name)
            left.unlink()

    def unfinished(self) -> Path:
        """A new path to record into. It is not a recording before it is added."""
        # Without a network the clock may repeat itself, so the time alone is no name.
        return self._folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{uuid4().hex[:8]}{UNFINISHED}"

    def add(self, file: Path) -> Path:
        """Makes an unfinished recording a finished one, in one step, and returns its path."""
        _to_disk(file)
        finished = file.with_suffix(SUFFIX)
        file.replace(finished)
        _to_disk(self._folder)
        self._drop_oldest()
        self.arrived.set()
        return finished

    def waiting(self) -> list[Path]:
        """The finished recordings, oldest first."""
        return sorted(self._folder.glob(f"*{SUFFIX}"))

    def _drop_oldest(self) -> None:
        sizes = [(file, file.stat().st_size) for file in self.waiting()]
        total = sum(size for _, size in sizes)
        for file, size in sizes[:-1]:
            if total <= self._most_bytes:
                return
            log.error("More than %d bytes wait for the network: %s is dropped", self._most_bytes, file.name)
            file.unlink()
            total -= size


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
