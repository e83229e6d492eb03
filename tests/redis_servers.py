"""Real redis-servers for tests, each on a port of loopback."""

import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from tests.stack import free_port

PATIENCE = 60
LAST_PORT = 55_535
"""A cluster's servers talk to each other on a port that is 10,000 higher."""


@contextmanager
def running(server: Path, home: Path, *options: str, port: int | None = None):
    """A redis-server on a port of loopback; its URL."""
    home.mkdir(exist_ok=True)
    port = port or next(port for port in iter(free_port, None) if port < LAST_PORT)
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--dir", home, "--save", "", *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: answers(port))
            yield f"redis://127.0.0.1:{port}"
        finally:
            process.kill()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(condition) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
