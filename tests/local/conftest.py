"""The local AWS, in this process and as a child process."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from local.aws.http import bind
from local.aws.server import LocalAws

REPOSITORY = Path(__file__).parents[2]
ClientOf = Callable[..., Any]


def connect(endpoint_url: str, service: str, **options: Any) -> Any:
    """A boto3 client that does not retry, so that every failure shows."""
    options.setdefault("config", Config(retries={"total_max_attempts": 1}))
    return boto3.client(
        service,
        endpoint_url=endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="anybody",
        aws_secret_access_key="anything",
        **options,
    )


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[LocalAws]:
    """A running local AWS with an empty state."""
    with LocalAws(home=tmp_path / "aws", images=tmp_path / "images") as server:
        yield server


@pytest.fixture
def client(aws: LocalAws) -> ClientOf:
    """``client("s3")``: a boto3 client of the running local AWS."""
    return lambda service, **options: connect(aws.endpoint_url, service, **options)


class Child:
    """``python -m local.aws`` as a process that can be killed and started again."""

    def __init__(self, home: Path) -> None:
        with closing(bind(0)) as listener:
            self.port = listener.getsockname()[1]
        self.home = home
        self.endpoint_url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.process = self.launch()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"The server ended: {self.process.communicate()[1]}")
            try:
                if httpx.get(f"{self.endpoint_url}/_millrace/health").json() == {"status": "ok"}:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("The server did not answer within a minute.")

    def launch(self, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "local.aws",
                f"--port={self.port}",
                f"--home={self.home}",
                f"--images={self.home.parent / 'images'}",
            ],
            cwd=REPOSITORY,
            env=os.environ | environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, *, kill: bool = False) -> None:
        if self.process and self.process.poll() is None:
            if kill:
                self.process.kill()
            else:
                self.process.terminate()
        if self.process:
            self.process.communicate(timeout=120)

    def client(self, service: str) -> Any:
        return connect(self.endpoint_url, service)


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    """A server process, not yet started; ended after the test."""
    server = Child(tmp_path / "aws")
    yield server
    server.end(kill=True)
