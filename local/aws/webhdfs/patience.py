"""Connections on which a task may be silent while it computes.

A task opens the file that it reads or writes, and moves bytes when it has some: minutes may pass. The server
takes other connections that are silent for as long for dead.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from local.aws.services.s3.bodies import Stream

SILENCE_SECONDS = 3600.0
"""Longer than any pause of a task that is alive; one that is dead closes its connection."""


@contextmanager
def patience(connection: socket.socket) -> Iterator[None]:
    """Waits longer for the other side meanwhile."""
    usual = connection.gettimeout()
    connection.settimeout(SILENCE_SECONDS)
    try:
        yield
    finally:
        connection.settimeout(usual)


class PatientStream:
    """The bytes of an answer whose reader may take its time."""

    def __init__(self, stream: Stream, connection: socket.socket) -> None:
        self._stream, self._connection = stream, connection
        self._usual = connection.gettimeout()

    def __iter__(self) -> Iterator[bytes]:
        self._connection.settimeout(SILENCE_SECONDS)
        yield from self._stream

    def close(self) -> None:
        """Called by the HTTP server when the answer is sent or broken off."""
        self._connection.settimeout(self._usual)
        self._stream.close()
