"""What the container of a pod prints, kept in a file with the moment of each line."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Wanted:
    """Which part of a log somebody asks for.

    Attributes:
        follow: what is still to come, too.
        tail: only so many of the last lines; None for all.
        since: only what was printed in so many last seconds.
        timestamps: with the moment before each line.
    """

    follow: bool = False
    tail: int | None = None
    since: int | None = None
    timestamps: bool = False


class PodLog:
    """The log of one start of a container. One thread writes, any number read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")
        self._ended = threading.Event()

    def take(self, line: str) -> None:
        """Keeps a line."""
        moment = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        self._file.write(f"{moment} {line}\n")
        self._file.flush()

    def close(self) -> None:
        """Nothing more comes."""
        self._file.close()
        self._ended.set()

    def read(self, wanted: Wanted, stopped: Callable[[], bool]) -> Iterator[bytes]:
        """The lines that somebody wants, as they come.

        Args:
            wanted: which ones.
            stopped: whether who follows is to be let go.
        """
        earliest = "" if wanted.since is None else _moment_before(wanted.since)
        with self.path.open(encoding="utf-8", newline="\n") as file:
            lines: Iterator[str] = (
                line for line in _whole(file.readline) if line[: len(earliest)] >= earliest
            )
            if wanted.tail is not None:
                lines = iter(deque(lines, maxlen=wanted.tail))
            yield from (_shown(line, wanted) for line in lines)
            while wanted.follow and not stopped():
                last = self._ended.is_set()
                yield from (_shown(line, wanted) for line in _whole(file.readline))
                if last:
                    return
                time.sleep(LOOK_SECONDS)


def _whole(readline: Callable[[], str]) -> Iterator[str]:
    """Lines up to the end of the file; each was written at once, so none is cut."""
    while line := readline():
        yield line


def _shown(line: str, wanted: Wanted) -> bytes:
    return (line if wanted.timestamps else line.partition(" ")[2]).encode()


def _moment_before(seconds: int) -> str:
    return (
        (datetime.now(UTC) - timedelta(seconds=seconds))
        .isoformat(timespec="microseconds")
        .removesuffix("+00:00")
    )
