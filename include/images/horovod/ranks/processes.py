"""The processes of a host's ranks, watched until all of them are over."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

LOOK_SECONDS = 0.05
TAIL_LINES = 50
SHUT_DOWN = "HorovodInternalError"
"""What ranks end with when another one is gone: seldom the reason."""


@dataclass
class Rank:
    """A process, whose lines go to the log with its number before them."""

    number: int
    process: "subprocess.Popen[bytes]"
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))
    readers: list[threading.Thread] = field(default_factory=list)

    @classmethod
    def start(
        cls, number: int, script: Path, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> "Rank":
        """Starts it in a process group of its own: what it starts ends with it."""
        process = subprocess.Popen(
            [sys.executable, "-u", str(script), *arguments],
            cwd=script.parent,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        rank = cls(number, process)
        for source, target, tail in (
            (process.stdout, sys.stdout, None),
            (process.stderr, sys.stderr, rank.tail),
        ):
            reader = threading.Thread(target=rank._pass_on, args=(source, target, tail), daemon=True)
            reader.start()
            rank.readers.append(reader)
        return rank

    @property
    def runs(self) -> bool:
        """Whether it is not over."""
        return self.process.poll() is None

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self.process.poll()

    @property
    def is_follower(self) -> bool:
        """Whether it failed since another one was gone."""
        return any(SHUT_DOWN in line for line in self.tail)

    def send(self, number: int) -> None:
        """Sends a signal to it and what it has started."""
        if self.runs:
            os.killpg(self.process.pid, number)

    def reason(self, host: str) -> str:
        """Why it failed, in a sentence."""
        for reader in self.readers:
            reader.join(timeout=1)
        code = self.process.returncode
        if code < 0:
            return f"rank {self.number} on {host} was ended by signal {signal.Signals(-code).name}"
        said = [line for line in self.tail if line.strip()]
        last = said[-1].strip() if said else f"exit code {code} and no message on stderr"
        return f"rank {self.number} on {host}: {last}"

    def _pass_on(self, source: IO[bytes], target: IO[str], tail: deque[str] | None) -> None:
        for line in source:
            text = line.decode(errors="replace")
            if tail is not None:
                tail.append(text[:4096])
            target.write(f"[{self.number}] {text}")
            target.flush()


def watch(ranks: Sequence[Rank], grace_seconds: float) -> tuple[list[Rank], list[Rank]]:
    """Waits until all are over. Once one has failed the others have ``grace_seconds`` to end by themselves.

    Returns:
        Those that failed by themselves, the first first, and those that had to be ended: they hung.
    """
    failed: list[Rank] = []
    hung: list[Rank] = []
    deadline = None
    while any(rank.runs for rank in ranks):
        failed += [rank for rank in ranks if rank.code not in (None, 0) and rank not in failed]
        if failed and deadline is None:
            deadline = time.monotonic() + grace_seconds
        if deadline is not None and time.monotonic() > deadline and not hung:
            hung = [rank for rank in ranks if rank.runs]
            for rank in hung:
                rank.send(signal.SIGKILL)
        time.sleep(LOOK_SECONDS)
    failed += [rank for rank in ranks if rank.code != 0 and rank not in failed and rank not in hung]
    return failed, hung
