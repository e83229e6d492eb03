"""Servers on 127.0.0.1 that show what the jobs of a run have left in S3, until Ctrl-C."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from include.naming import run_slug
from local.aws.runtime.images import ImageBuildFailed, ImageStore
from local.cli.console import errors, output, steps
from local.cli.logs import find_run
from local.stack import environment, infrastructure, lifecycle, ports
from local.stack.config import HOST, StackConfig
from local.stack.errors import MillraceError
from local.stack.lifecycle import Stack

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REFRESH_SECONDS = 10
"""How often what a running job has left since is fetched."""

Port = Annotated[int, typer.Option("--port", min=1, max=65_535, help="Port on 127.0.0.1.")]


@dataclass(frozen=True)
class Viewer:
    """A server for files.

    Attributes:
        title: what it is called.
        left: what jobs leave for it.
        prefix: below that of the run, where they leave it.
        image: in whose environment it runs.
        command: of the environment, the folder and the port: what is run, and its variables.
    """

    title: str
    left: str
    prefix: str
    image: str
    command: Callable[[Path, Path, int], tuple[list[str | Path], Mapping[str, str]]]


def view(viewer: Viewer, dag: str, run_id: str | None, port: int) -> None:
    """Serves what a run has left; what it leaves meanwhile comes too.

    Raises:
        MillraceError: it has left nothing, or the port is in use.
    """
    stack = lifecycle.connect(StackConfig.from_environment(os.environ))
    with stack.airflow() as api:
        run = str(find_run(api, dag, run_id)["dag_run_id"])
    if not ports.is_free(port):
        raise MillraceError(f"Port {port} on {HOST} is in use: name another one with --port.")
    folder = stack.config.home / viewer.prefix / run_slug(run)
    prefix = f"{stack.config.tenant}/{dag}/{run_slug(run)}/{viewer.prefix}/"
    if not download(stack, prefix, folder):
        raise MillraceError(f"The run {run} left no {viewer.left} under s3://{stack.bucket}/{prefix}.")
    log = stack.config.log / f"{viewer.prefix}.log"
    server = _start(stack, viewer, folder, port, log)
    output.print(f"{viewer.title}: http://{HOST}:{port} (Ctrl-C stops it)", soft_wrap=True)
    _wait(server, lambda: download(stack, prefix, folder), f"{viewer.title} ended: see {log}.")


def download(stack: Stack, prefix: str, folder: Path) -> int:
    """Bring a folder up to date with a prefix and return how many objects that has."""
    client: S3Client = infrastructure.client(stack.config, "s3")
    count = 0
    try:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=stack.bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                file = folder / item["Key"].removeprefix(prefix)
                if item["Key"].endswith("/") or not file.resolve().is_relative_to(folder.resolve()):
                    continue
                count += 1
                if not file.exists() or file.stat().st_size != item["Size"]:
                    file.parent.mkdir(parents=True, exist_ok=True)
                    client.download_file(stack.bucket, item["Key"], str(file))
    except (ClientError, BotoCoreError) as error:
        raise MillraceError(f"s3://{stack.bucket}/{prefix} cannot be read: {error}") from error
    return count


def _start(stack: Stack, viewer: Viewer, folder: Path, port: int, log: Path) -> "subprocess.Popen[bytes]":
    store = ImageStore(stack.config.images)
    with steps() as report:
        try:
            image = store.ensure(store.resolve(viewer.image), report)
        except (LookupError, ImageBuildFailed) as error:
            raise MillraceError(str(error)) from error
    command, variables = viewer.command(image, folder, port)
    with log.open("wb") as stream:
        return subprocess.Popen(
            command,
            env={**environment.base(stack.config, os.environ), **variables},
            stdout=stream,
            stderr=stream,
        )


def _wait(server: "subprocess.Popen[bytes]", refresh: Callable[[], object], ended: str) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            try:
                server.wait(REFRESH_SECONDS)
                raise MillraceError(ended)
            except subprocess.TimeoutExpired:
                refresh()
    except KeyboardInterrupt:
        errors.print("Stopping")
    finally:
        if server.poll() is None:
            server.terminate()
            server.wait()
