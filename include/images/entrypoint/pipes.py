"""Named pipes of Pipe mode."""

import io
import os
import select
import time
from pathlib import Path

PATIENCE_SECONDS = 600.0
"""How long a pipe may be absent, without a writer, or silent."""
CAPACITY = 1 << 20


class PipeReader(io.RawIOBase):
    """The bytes of a named pipe to the end of its writer.

    A pipe that is opened in the usual way blocks until there is a writer, for ever if that one died before
    it opened its end. This one waits for a bounded time, for the writer as for each of its bytes, and ends
    when the writer has closed its end or is gone.

    Args:
        path: of the pipe.
        error: what is raised, on opening or reading, when nothing came for ten minutes.
    """

    def __init__(self, path: Path, error: type[Exception]) -> None:
        super().__init__()
        self.path, self.error = path, error
        self._descriptor = _opened(path, error)
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Waits for bytes; 0 when there is no writer any more."""
        if not self._poll.poll(PATIENCE_SECONDS * 1000):
            raise self.error(f"Nothing came through the pipe {self.path.name} for {PATIENCE_SECONDS:.0f} s.")
        return os.readv(self._descriptor, [buffer])

    def close(self) -> None:
        """Lets a writer that goes on notice that nobody reads."""
        if not self.closed:
            os.close(self._descriptor)
        super().close()


def _opened(path: Path, error: type[Exception]) -> int:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            # Without blocking: reading waits for the writer, and not longer than it may.
            return os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except FileNotFoundError:
            if time.monotonic() > deadline:
                raise error(f"The pipe {path.name} is not there after {PATIENCE_SECONDS:.0f} s.") from None
        time.sleep(0.05)


def buffered(path: Path, error: type[Exception]) -> io.BufferedReader:
    """The pipe as a stream; raises ``error`` as `PipeReader` does."""
    return io.BufferedReader(PipeReader(path, error), CAPACITY)
