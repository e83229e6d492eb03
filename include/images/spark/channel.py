"""What the hosts of a job tell each other: that they are there, and how the application ended.

Each host keeps a connection to the first one for as long as it lives, so each learns at once that the other
is gone. One JSON document a line: ``{"host": "algo-2"}`` at the start, ``{"code": 1, "reason": "..."}`` at
the end, from whoever ends first.
"""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import BinaryIO, Self

from ending import MAX_CHARACTERS, Outcome, SubmitError  # type: ignore[import-not-found]

JOIN_SECONDS = 600.0
"""Instances do not start at the same time."""
RETRY_SECONDS = 0.2
HELLO_SECONDS = 10.0
MAX_LINE = 16 * 1024
KEEPALIVE = (("TCP_KEEPIDLE", 10), ("TCP_KEEPALIVE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
"""A host without power sends no farewell: half a minute of silence on both sides is one."""

CLOSED = "Its connection closed before the application had ended."


class Lead:
    """The first host's end; a context manager.

    Args:
        address: where to listen.
        hosts: the others.
    """

    def __init__(self, address: tuple[str, int], hosts: Iterable[str]) -> None:
        self._expected = set(hosts)
        self._members: dict[str, socket.socket] = {}
        self._changed = threading.Condition()
        self._lost: str | None = None
        self._closing = False
        self._listener = socket.create_server(address)

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="channel", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._listener.close()
        for member in self._members.values():
            _close(member)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._listener.getsockname()
        return host, port

    @property
    def lost(self) -> str | None:
        """Why the application cannot go on, once a host went away."""
        return self._lost

    def wait(self, trouble: Callable[[], str | None]) -> None:
        """Returns when every host is there.

        Raises:
            SubmitError: `trouble` says something, or a host does not come.
        """
        deadline = time.monotonic() + JOIN_SECONDS
        with self._changed:
            while missing := self._expected - set(self._members):
                if said := trouble():
                    raise SubmitError(said)
                if time.monotonic() > deadline:
                    raise SubmitError(
                        f"{', '.join(sorted(missing))} did not join the Spark cluster within "
                        f"{JOIN_SECONDS:.0f} seconds."
                    )
                self._changed.wait(RETRY_SECONDS)

    def tell(self, outcome: Outcome) -> None:
        """Says how it ended to every host that is still there."""
        self._closing = True
        for member in self._members.values():
            with contextlib.suppress(OSError):
                member.sendall(_line(outcome))

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._welcome, args=(connection,), daemon=True).start()

    def _welcome(self, connection: socket.socket) -> None:
        connection.settimeout(HELLO_SECONDS)
        lines = connection.makefile("rb")
        try:
            host = json.loads(lines.readline(MAX_LINE))["host"]
        except (OSError, ValueError, TypeError, KeyError):
            connection.close()
            return
        with self._changed:
            if host not in self._expected or host in self._members:
                connection.close()
                return
            _keep_alive(connection)
            self._members[host] = connection
            self._changed.notify_all()
        said = _outcome(lines)
        if not self._closing and self._lost is None:
            self._lost = f"Host {host}: {said.reason}" if said else f"Host {host} is gone. {CLOSED}"


class Member:
    """Another host's end; a context manager. Raises `SubmitError` if the first host is not there in time."""

    def __init__(self, address: tuple[str, int], host: str) -> None:
        self._connection = _connected(address)
        _keep_alive(self._connection)
        self._connection.sendall((json.dumps({"host": host}) + "\n").encode())
        self._outcome: Outcome | None = None
        threading.Thread(target=self._listen, name="channel", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _close(self._connection)

    @property
    def outcome(self) -> Outcome | None:
        """How it ended, once that is known."""
        return self._outcome

    def tell(self, outcome: Outcome) -> None:
        """Says why this host leaves before the end."""
        with contextlib.suppress(OSError):
            self._connection.sendall(_line(outcome))

    def _listen(self) -> None:
        gone = Outcome(1, f"The first host is gone. {CLOSED}")
        self._outcome = _outcome(self._connection.makefile("rb")) or gone


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # Closing alone would wait for the thread that reads.
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def _line(outcome: Outcome) -> bytes:
    said = {"code": outcome.code, "reason": outcome.reason[:MAX_CHARACTERS]}
    return json.dumps(said).encode() + b"\n"


def _outcome(lines: BinaryIO) -> Outcome | None:
    """What the other end says at last; None if it went away without a word."""
    try:
        said = json.loads(lines.readline(MAX_LINE))
        return Outcome(int(said["code"]), str(said["reason"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _connected(address: tuple[str, int]) -> socket.socket:
    deadline = time.monotonic() + JOIN_SECONDS
    while True:
        try:
            connection = socket.create_connection(address, timeout=HELLO_SECONDS)
        except OSError as error:
            if time.monotonic() > deadline:
                raise SubmitError(
                    f"The first host does not answer at {address[0]} port {address[1]} within "
                    f"{JOIN_SECONDS:.0f} seconds: {error}."
                ) from error
            time.sleep(RETRY_SECONDS)
        else:
            return connection


def _keep_alive(connection: socket.socket) -> None:
    connection.settimeout(None)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE:
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
