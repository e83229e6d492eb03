"""`millrace history`: Spark's history server on the event logs of a run."""

import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from include.naming import run_slug
from local.aws.runtime.images import ImageBuildFailed, ImageStore
from local.cli.console import errors, output, steps
from local.cli.logs import RunId, find_run
from local.cli.run import Dag
from local.stack import environment, infrastructure, lifecycle, ports
from local.stack.config import HOST, StackConfig
from local.stack.errors import MillraceError
from local.stack.lifecycle import Stack

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SERVER = "org.apache.spark.deploy.history.HistoryServer"
Port = Annotated[int, typer.Option("--port", min=1, max=65_535, help="Port on 127.0.0.1.")]


def history(dag: Dag, run_id: RunId = None, port: Port = 18080) -> None:
    """Open Spark's history server on the jobs of a pipeline's latest run, until Ctrl-C."""
    stack = lifecycle.connect(StackConfig.from_environment(os.environ))
    with stack.airflow() as api:
        dag_run = find_run(api, dag, run_id)
    if not ports.is_free(port):
        raise MillraceError(f"Port {port} on {HOST} is in use: name another one with --port.")
    folder = stack.config.home / "spark-history" / run_slug(dag_run["dag_run_id"])
    prefix = f"{stack.config.tenant}/{dag}/{run_slug(dag_run['dag_run_id'])}/spark-events/"
    if not download(stack, prefix, folder):
        raise MillraceError(
            f"The run {dag_run['dag_run_id']} left no Spark event logs under s3://{stack.bucket}/{prefix}."
        )
    _serve(stack, folder, port)


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


def _serve(stack: Stack, folder: Path, port: int) -> None:
    store = ImageStore(stack.config.images)
    with steps() as report:
        try:
            image = store.ensure(store.resolve("spark"), report)
        except (LookupError, ImageBuildFailed) as error:
            raise MillraceError(str(error)) from error
    [home] = image.glob("lib/python3*/site-packages/pyspark")
    options = {
        "spark.history.fs.logDirectory": folder.as_uri(),
        "spark.history.ui.port": str(port),
        "spark.history.fs.update.interval": "10s",
    }
    variables = environment.base(stack.config, os.environ) | {
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": HOST,
        "SPARK_PUBLIC_DNS": HOST,
        "SPARK_DAEMON_MEMORY": "512m",
        "SPARK_HISTORY_OPTS": " ".join(f"-D{name}={value}" for name, value in options.items()),
    }
    log = stack.config.log / "spark-history.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(
            [home / "bin" / "spark-class", SERVER], env=variables, stdout=stream, stderr=stream
        )
    output.print(f"Spark's history server: http://{HOST}:{port} (Ctrl-C stops it)", soft_wrap=True)
    _wait(server, log)


def _wait(server: subprocess.Popen[bytes], log: Path) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if server.wait():
            raise MillraceError(f"Spark's history server ended with {server.returncode}: see {log}.")
    except KeyboardInterrupt:
        errors.print("Stopping")
    finally:
        if server.poll() is None:
            server.terminate()
            server.wait(timeout=15)
