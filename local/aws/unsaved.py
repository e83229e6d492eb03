"""What has happened since the snapshot and must not be lost with it: lines of JSON, on disk at once.

``<home>/unsaved/<number>.jsonl``  lines in their order; a snapshot that has them takes the file's place

A line is handed to the operating system and not forced to the disk: what a process has written outlives the
process, however it ends. Only a power cut may take the last lines.
"""

import json
import logging
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

log = logging.getLogger(__name__)

SUFFIX = ".jsonl"


class NotKeptError(RuntimeError):
    """The disk does not take a line, so nobody may be told that it is kept."""


class Unsaved:
    """The files of a folder, one of which is written to.

    Args:
        folder: made if missing, readable by its owner only.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True, mode=0o700)
        self._folder = folder
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._number = max((int(path.stem) for path in self._files()), default=0)

    def append(self, entry: Mapping[str, Any], apply: Callable[[], None]) -> None:
        """Writes a line, then changes the state in memory: no snapshot comes between the two.

        Args:
            entry: anything that JSON takes.
            apply: changes the state; waits for nobody.

        Raises:
            NotKeptError: nothing is changed.
        """
        # What a full disk has left of a line ends where the next one begins.
        line = b"\n" + json.dumps(entry).encode()
        with self._lock:
            try:
                written = self._opened().write(line)
            except OSError as error:
                raise NotKeptError(f"{self._folder} takes nothing more: {error}") from error
            if written < len(line):
                raise NotKeptError(f"{self._folder} takes {written} of {len(line)} bytes: the disk is full")
            apply()

    def _opened(self) -> BinaryIO:
        if self._file is None:
            path = self._folder / f"{self._number + 1}{SUFFIX}"
            self._file = path.open("ab", buffering=0)
            path.chmod(0o600)
            self._number += 1
        return self._file

    def entries(self) -> Iterator[dict[str, Any]]:
        """All lines in their order, without those that a killed server has not written to the end."""
        for path in self._files():
            for line in filter(None, path.read_bytes().split(b"\n")):
                try:
                    yield json.loads(line)
                except ValueError:
                    log.warning("%s has a line that was not written to its end; nobody was told of it", path)

    def cut(self) -> Sequence[Path]:
        """The files until now, to which nothing is added: a snapshot that is begun after this has them."""
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None
            return self._files()

    def remove(self, files: Sequence[Path]) -> None:
        """Forgets what a snapshot has."""
        for path in files:
            path.unlink()

    def move_to(self, folder: Path) -> None:
        """Gives all lines away, with the snapshot that they belong to."""
        shutil.move(self._folder, folder)
        self._folder.mkdir(mode=0o700)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{SUFFIX}"), key=lambda path: int(path.stem))
