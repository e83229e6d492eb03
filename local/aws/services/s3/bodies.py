"""Bodies of S3 objects as files: written once, never changed, named by a random id."""

import hashlib
import logging
import os
import shutil
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ClassVar, Self
from uuid import uuid4

log = logging.getLogger(__name__)

BLOCK = 1 << 20


@dataclass(frozen=True)
class Body:
    """One stored body; what the snapshot keeps of it.

    Attributes:
        name: File name in the folder of bodies.
        size: Bytes.
        md5: Hex digest.
    """

    name: str
    size: int
    md5: str

    @property
    def path(self) -> Path:
        """Where the bytes are."""
        return Bodies.current().folder / self.name

    def read(self) -> bytes:
        """The whole body, for callers that need it in memory."""
        return self.path.read_bytes()

    def stream(self) -> "Stream":
        """The bytes, a block at a time; readable even if the object is deleted meanwhile."""
        return Stream(self.path.open("rb"), 0, self.size)

    def copy(self) -> "Body":
        """A second name for the same bytes; costs no space."""
        name = uuid4().hex
        os.link(self.path, Bodies.current().folder / name)
        return Body(name, self.size, self.md5)

    def drop(self) -> None:
        """Says that nobody needs this body; its file goes after the next snapshot."""
        Bodies.current().drop(self)


class Stream:
    """A range of an open body: sized, sliceable and iterable, as moto's answers expect of bytes."""

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        self._file = file
        self._start = start
        self._end = end

    def __len__(self) -> int:
        return self._end - self._start

    def __getitem__(self, part: slice) -> "Stream":
        start, end, _ = part.indices(len(self))
        return Stream(self._file, self._start + start, self._start + max(start, end))

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(self._start)
        left = len(self)
        while left > 0 and (block := self._file.read(min(BLOCK, left))):
            left -= len(block)
            yield block

    def close(self) -> None:
        """Called by the HTTP server when the answer is sent or broken off."""
        self._file.close()


class Writer:
    """Takes the bytes of a new body and ends in :meth:`finish` or :meth:`discard`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / uuid4().hex
        self._file = self._path.open("xb")
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size = 0

    def write(self, data: bytes) -> None:
        """Appends."""
        self._file.write(data)
        self._md5.update(data)
        self._size += len(data)

    def finish(self) -> Body:
        """The body, complete."""
        self._file.close()
        return Body(self._path.name, self._size, self._md5.hexdigest())

    def discard(self) -> None:
        """Leaves nothing behind."""
        self._file.close()
        self._path.unlink()


class Bodies:
    """The folder of bodies of the server that runs in this process."""

    _current: ClassVar[Self | None] = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._dropped: set[str] = set()

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Makes ``folder`` the one in use."""
        folder.mkdir(exist_ok=True, mode=0o700)
        cls._current = cls(folder)
        return cls._current

    @classmethod
    def current(cls) -> Self:
        """The folder in use."""
        if cls._current is None:
            raise RuntimeError("No local AWS runs in this process: there is no folder for object bodies.")
        return cls._current

    def writer(self) -> Writer:
        """Begins a new body."""
        return Writer(self.folder)

    def add(self, data: bytes) -> Body:
        """Stores a body that is in memory."""
        writer = self.writer()
        writer.write(data)
        return writer.finish()

    def join(self, parts: Iterable["Body | Stream"]) -> Body:
        """A new body from the bytes of others, in order."""
        writer = self.writer()
        for part in parts:
            for block in part.stream() if isinstance(part, Body) else part:
                writer.write(block)
        return writer.finish()

    def drop(self, body: Body) -> None:
        """Notes that nobody needs ``body``."""
        with self._lock:
            self._dropped.add(body.name)

    def dropped(self) -> set[str]:
        """Bodies that nobody needs any more."""
        with self._lock:
            return set(self._dropped)

    def remove(self, names: set[str]) -> None:
        """Deletes files of bodies that were dropped."""
        for name in names:
            (self.folder / name).unlink(missing_ok=True)
        with self._lock:
            self._dropped -= names

    def move_to(self, folder: Path) -> None:
        """Gives all bodies away and starts with none."""
        shutil.move(self.folder, folder)
        self.folder.mkdir(mode=0o700)

    def sweep(self, used: Iterable[Body]) -> None:
        """Deletes all bodies but ``used``: what a killed server was still receiving or had dropped."""
        known = {body.name for body in used}
        orphans = [path for path in self.folder.iterdir() if path.name not in known]
        for path in orphans:
            path.unlink()
        if orphans:
            log.info("Removed %d object bodies that no object uses", len(orphans))
