"""A process of Spark's that is watched: its lines are handed on, the last ones kept."""

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Self

from ending import Outcome, reason  # type: ignore[import-not-found]

KEPT_LINES = 200


class Application:
    """The driver: ``spark-submit`` and what it started."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._tail: deque[str] = deque(maxlen=KEPT_LINES)
        self._process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self._reader = threading.Thread(target=self._read, name="driver log", daemon=True)
        self._reader.start()

    def wait(self) -> Outcome:
        """Returns when the application has ended and all its lines are out."""
        code = self._process.wait()
        self._reader.join()
        why = reason(list(self._tail), code) if code else ""
        return Outcome(128 - code if code < 0 else code, why)

    def stop(self) -> None:
        """SIGTERM; does not wait."""
        self._process.terminate()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
            self._tail.append(line[:4096].decode(errors="replace").rstrip())


class Daemon:
    """A master or a worker; a context manager that ends it."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self._process = subprocess.Popen(command, env=environment)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # It holds nothing that is worth a farewell, and would call one an error in the log.
        self._process.kill()
        self._process.wait()

    @property
    def ended(self) -> str | None:
        """What to say if it ended by itself, which it should not."""
        code = self._process.poll()
        return None if code is None else f"The {self.name} ended with exit code {code}."
