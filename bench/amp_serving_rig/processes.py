"""The servers that the benchmark asks: a stack's Redis, and a local AWS, each a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from local.aws.http import bind
from local.stack.config import REPOSITORY, StackConfig
from local.stack.redis_server import executable, url

IMAGES = Path(os.environ.get("MILLRACE_HOME", REPOSITORY / ".millrace")) / "images"
START_SECONDS = 300
READY = "Ready to accept connections"


class RedisServer:
    """The stack's own, with the stack's settings: it answers when a write is on disk."""

    def __init__(self, home: Path) -> None:
        executable(IMAGES)
        (home / "images").symlink_to(IMAGES, target_is_directory=True)
        self._home, self._log = home, home / "redis.log"
        self.url = url(StackConfig(home=home), {})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it has read what it knew and takes connections."""
        command = [sys.executable, "-m", "local.stack.redis_server"]
        given = os.environ | {"MILLRACE_HOME": str(self._home)}
        with self._log.open("wb") as out:
            self._process = subprocess.Popen(command, env=given, stdout=out, cwd=REPOSITORY)
        _until(self._is_ready, "redis-server")

    def kill(self) -> None:
        """As a machine that loses its power would."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def _is_ready(self) -> bool:
        return READY.lower() in self._log.read_text(errors="replace").lower()


@contextmanager
def redis_server(home: Path) -> Iterator[RedisServer]:
    """One that runs."""
    home.mkdir()
    server = RedisServer(home)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def local_aws(home: Path) -> Iterator[str]:
    """Its URL."""
    with closing(bind(0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "local.aws", f"--port={port}", f"--home={home}", f"--images={IMAGES}"]
    with (
        (home.parent / "local-aws.log").open("wb") as log,
        subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=log) as process,
    ):
        try:
            _until(lambda: _answers(f"http://127.0.0.1:{port}/_millrace/health"), "the local AWS")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _answers(health: str) -> bool:
    try:
        return httpx.get(health, timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _until(ready: Callable[[], bool], name: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if time.monotonic() > deadline:
            raise SystemExit(f"{name} does not start within {START_SECONDS} seconds")
        time.sleep(0.05)
