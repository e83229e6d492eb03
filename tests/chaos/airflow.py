"""Airflow's processes as children of the test: each can be killed, suspended, woken and started again."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from local.stack.config import REPOSITORY

BIN = Path(sys.executable).parent
STOP_SECONDS = 20


class Service:
    """A program and every process below it."""

    def __init__(
        self, name: str, command: Sequence[str | Path], environment: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self._orphans: list[psutil.Process] = []
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                env=dict(environment),
                cwd=REPOSITORY,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def tree(self) -> list[psutil.Process]:
        """This process and those below it; tasks have process groups of their own."""
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(self.pid)
            return [root, *root.children(recursive=True)]
        return []

    def kill(self) -> None:
        """SIGKILL to all of them at once, as when a machine is lost."""
        tree = self.tree()
        # Nobody may notice the end of another and react to it before its own.
        for process in tree:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        for process in tree:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()

    def kill_only_itself(self) -> None:
        """SIGKILL to the first process; those below it live on."""
        self._orphans = self.tree()[1:]
        self._process.kill()
        self._process.wait()

    def bury(self) -> None:
        """SIGKILL to what has outlived the first process."""
        for process in self._orphans:
            with suppress(psutil.NoSuchProcess):
                for left in (*process.children(recursive=True), process):
                    left.kill()
        self._orphans = []

    def terminate(self) -> None:
        """SIGTERM to the first process, as an orderly shutdown does, and the wait for its end."""
        if not self.is_running:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def ask_to_end(self) -> None:
        """SIGTERM, without waiting."""
        self._process.terminate()

    def suspend(self) -> None:
        """SIGSTOP to all of them."""
        for process in self.tree():
            process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """SIGCONT to all of them."""
        for process in self.tree():
            process.send_signal(signal.SIGCONT)


def migrate(environment: Mapping[str, str], log: Path) -> None:
    """Gives an empty database Airflow's schema.

    Raises:
        RuntimeError: it could not; the message has the end of its log.
    """
    with log.open("wb") as output:
        done = subprocess.run(
            [BIN / "airflow", "db", "migrate"],
            env=dict(environment),
            cwd=REPOSITORY,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"airflow db migrate failed:\n{log.read_text(errors='replace')[-3000:]}")


def until(
    condition: Callable[[], object], seconds: float, what: Callable[[], str] | str, *, every: float = 0.25
) -> None:
    """Waits until a condition holds, which is looked at ``every`` so many seconds.

    Raises:
        TimeoutError: it does not in the time; ``what`` says what was waited for.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            described = what if isinstance(what, str) else what()
            raise TimeoutError(f"after {seconds:.0f} s still not so: {described}")
        time.sleep(every)
