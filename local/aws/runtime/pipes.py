"""Pipe mode: the channels of a training job as named pipes, ``<channel>_<epoch>``.

A program opens ``train_0``, reads it to its end or closes it early, then looks for ``train_1``, and so on;
channels are read independently of each other. Here the pipe of epoch 0 is there before the program starts,
and that of epoch n + 1 as soon as that of epoch n has been opened, so who has read one to its end finds the
next. A pipe that was read or closed is removed: opening it again is an error and not a wait without end.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

import contextlib
import errno
import fcntl
import itertools
import logging
import os
import select
import struct
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

from local.aws.runtime.epochs import Epochs

CAPACITY = 1 << 20
"""Bytes that the kernel may hold of a pipe; 64 KiB would make a reader and its feeder take turns."""
POLL_SECONDS = 0.1
SLOWEST_LOOK_SECONDS = 0.05
WORTH_TELLING_SECONDS = 1.0
JOIN_SECONDS = 30.0

log = logging.getLogger(__name__)


class PipeFeeder:
    """Feeds the pipes of one channel on one host, on a thread of its own.

    The thread never blocks on a reader: one that closes early, stops reading or never comes holds up neither
    :meth:`close` nor another channel.

    Args:
        folder: of the pipes, `/opt/ml/input/data` of the host.
        channel: its name.
        epochs: what the pipes hold.
        say: takes a sentence for the job's log.
        patience: seconds without a byte read after which a reader is said to stall.
    """

    def __init__(
        self, folder: Path, channel: str, epochs: Epochs, say: Callable[[str], None], patience: float
    ) -> None:
        self.error: Exception | None = None
        """Why the channel could not be streamed to its end."""
        self._folder, self._channel, self._epochs = folder, channel, epochs
        self._say, self._patience = say, patience
        self._closed = threading.Event()
        self._progress: _Progress | None = None
        self._thread = threading.Thread(target=self._run, name=f"pipe {channel}", daemon=True)

    def start(self) -> None:
        """Makes the first pipe and waits for its reader, in the background."""
        self._folder.mkdir(parents=True, exist_ok=True)
        os.mkfifo(self._path(0))
        self._thread.start()

    def close(self) -> None:
        """Ends the thread and removes the pipes; a reader that still has one open comes to its end."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_SECONDS)
        for path in self._folder.glob(f"{self._channel}_*"):
            if path.is_fifo():
                path.unlink()

    def standing(self) -> str | None:
        """A sentence on a reader that keeps this channel waiting; None for one that does not."""
        progress = self._progress
        if progress is None:
            return f"Pipe {self._path(0).name} was never opened."
        return progress.sentence() if progress.waited > WORTH_TELLING_SECONDS else None

    def _path(self, epoch: int) -> Path:
        return self._folder / f"{self._channel}_{epoch}"

    def _run(self) -> None:
        try:
            for epoch in itertools.count():
                descriptor = self._opened(self._path(epoch))
                if descriptor is None:
                    return
                progress = _Progress(self._path(epoch).name, self._epochs.size(epoch))
                self._progress = progress
                try:
                    os.mkfifo(self._path(epoch + 1))
                    self._feed(descriptor, epoch, progress)
                finally:
                    progress.ended = True
                    # In this order: who comes to the end of a pipe no longer finds it.
                    self._path(epoch).unlink(missing_ok=True)
                    os.close(descriptor)
        except Exception as error:
            if not self._closed.is_set():
                log.warning("Channel %s below %s", self._channel, self._folder, exc_info=True)
                self.error = error

    def _opened(self, path: Path) -> int | None:
        """The writing end as soon as somebody reads; None if nobody ever will."""
        pause = 0.001
        while not self._closed.is_set():
            try:
                # Without a reader this fails at once; a blocking open could not be called off.
                return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            except FileNotFoundError:
                return None
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
            self._closed.wait(pause)
            pause = min(pause * 2, SLOWEST_LOOK_SECONDS)
        return None

    def _feed(self, descriptor: int, epoch: int, progress: "_Progress") -> None:
        _enlarge(descriptor)
        for block in self._epochs.stream(epoch):
            rest = memoryview(block)
            while rest:
                if self._closed.is_set():
                    return
                try:
                    count = os.write(descriptor, rest)
                except BlockingIOError:
                    self._wait(descriptor, progress)
                except BrokenPipeError:
                    return  # closed early, which ends the epoch
                else:
                    rest = rest[count:]
                    progress.took(count)

    def _wait(self, descriptor: int, progress: "_Progress") -> None:
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        if not poll.poll(POLL_SECONDS * 1000):
            progress.unread = _unread(descriptor)
            if progress.waited > self._patience and not progress.told:
                progress.told = True
                self._say(progress.sentence())


class _Progress:
    """How far the reader of a pipe has come. Written by the feeder's thread, read by others too."""

    def __init__(self, pipe: str, size: int | None) -> None:
        self._pipe, self._size = pipe, size
        self._written = 0
        self._last = time.monotonic()
        self.unread = 0
        self.told = self.ended = False

    def took(self, count: int) -> None:
        self._written += count
        self._last = time.monotonic()
        self.unread, self.told = 0, False

    @property
    def waited(self) -> float:
        """Seconds since the pipe last took something; 0 for one that waits for nothing more."""
        return 0.0 if self.ended else time.monotonic() - self._last

    def sentence(self) -> str:
        read = f"{self._written - self.unread:,}"
        of = f"{read} bytes" if self._size is None else f"{read} of {self._size:,} bytes"
        return f"Pipe {self._pipe}: its reader has read {of} and nothing more for {self.waited:.0f} seconds."


def _enlarge(descriptor: int) -> None:
    """Asks for a larger buffer; who may not have one keeps the usual."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, CAPACITY)


def _unread(descriptor: int) -> int:
    """Bytes that are in the pipe."""
    try:
        answer = fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4))
    except OSError:
        return 0
    return int(struct.unpack("i", answer)[0])
