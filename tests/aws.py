"""A local AWS, provisioned from the same template as every other: in the test's process, or in its own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import httpx
import pytest

from include.settings import settings
from local.aws.server import LocalAws
from local.stack import environment, redis_secret
from local.stack.config import Ports, StackConfig
from local.stack.infrastructure import provision
from tests.stack import REPO, free_port

START_SECONDS = 300


class ServerProcess:
    """The local AWS as a process, which can be killed and started again."""

    def __init__(self, home: Path, images: Path) -> None:
        self._home, self._images = home, images
        self.port = free_port()
        self.endpoint_url = f"http://127.0.0.1:{self.port}"
        self.kills = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it serves."""
        options = [f"--port={self.port}", f"--home={self._home / 'state'}", f"--images={self._images}"]
        with (self._home / "server.log").open("ab") as log:
            command = [sys.executable, "-m", "local.aws", *options]
            self._process = subprocess.Popen(command, cwd=REPO, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._serves():
            assert self._process.poll() is None, (self._home / "server.log").read_text()[-3000:]
            assert time.monotonic() < deadline, "the local AWS does not start"
            time.sleep(0.05)

    def _serves(self) -> bool:
        try:
            return httpx.get(f"{self.endpoint_url}/_millrace/health", timeout=5).is_success
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        """By SIGKILL: it can do nothing about it."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self.kills += 1

    def save(self) -> None:
        """Returns when a snapshot has all that has happened until now."""
        name = f"mark-{time.monotonic_ns()}"
        boto3.client("sns", endpoint_url=self.endpoint_url).create_topic(Name=name)
        snapshot, deadline = self._home / "state" / "snapshot", time.monotonic() + START_SECONDS
        while not (snapshot.exists() and name.encode() in snapshot.read_bytes()):
            assert time.monotonic() < deadline, "the local AWS does not save its state"
            time.sleep(0.2)


@contextmanager
def provisioned(home: Path, images: Path) -> Iterator[LocalAws]:
    """The server, in this process; settings and boto3 point at it inside."""
    with (
        LocalAws(home=home / "state", images=images, port=0) as server,
        _pointed_at(home, int(server.endpoint_url.rsplit(":", 1)[1])),
    ):
        yield server


@contextmanager
def provisioned_process(home: Path, images: Path, *, redis_url: str = "") -> Iterator[ServerProcess]:
    """As `provisioned`, in a process of its own. With the URL of a Redis it has that as a secret."""
    server = ServerProcess(home, images)
    server.start()
    try:
        with _pointed_at(home, server.port, redis_url):
            yield server
    finally:
        server.kill()


@contextmanager
def _pointed_at(home: Path, port: int, redis_url: str = "") -> Iterator[None]:
    config = StackConfig(home=home, ports=Ports(aws=port))
    outputs = provision(config, redis_secret=redis_secret.put(config, redis_url) if redis_url else "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", config.aws_url)
        for name, value in environment.millrace(config, outputs).items():
            patch.setenv(name, value)
        settings.cache_clear()
        yield
    settings.cache_clear()
