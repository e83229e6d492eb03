"""Records on their way to many files: collected in memory, appended to one file after another."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import tfrecords

MOST_BYTES = 256 * 2**20


class Staging:
    """Files that records are appended to by name, few of them open at a time, in bounded memory."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder, self._most_bytes = folder, most_bytes
        self._waiting: dict[str, bytearray] = defaultdict(bytearray)
        self._bytes = 0

    def add(self, name: str, payload: bytes) -> None:
        """Appends a record to the file of this name."""
        frame = tfrecords.frame(payload)
        self._waiting[name] += frame
        self._bytes += len(frame)
        if self._bytes > self._most_bytes:
            self._flush()

    def take(self, name: str) -> Iterator[bytes]:
        """The payloads of a file in the order in which they came; the file is gone then."""
        self._flush()
        file = self._folder / name
        if file.exists():
            with file.open("rb") as stream:
                yield from (record.payload for record in tfrecords.read(stream))
            file.unlink()

    def close(self) -> None:
        """Removes the folder, from which everything has to be taken."""
        self._folder.rmdir()

    def _flush(self) -> None:
        for name, frames in self._waiting.items():
            file = self._folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("ab") as stream:
                stream.write(frames)
        self._waiting.clear()
        self._bytes = 0
