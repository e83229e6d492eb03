"""A whole stack in a home of its own, driven by the `millrace` command as a person drives it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx

REPO = Path(__file__).parents[1]
IMAGES = REPO / ".millrace" / "images"
SAMPLE = REPO / "include" / "samples" / "abalone" / "abalone.csv"
PATIENCE = 60
"""Seconds for an answer of Airflow on a busy machine."""
REAL = REPO.parent / "shared" / "data" / "abalone" / "abalone.csv"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class StackUnderTest:
    home: Path
    aws_port: int
    airflow_port: int
    database_url: str | None = os.environ.get("MILLRACE_DATABASE_URL")
    """Airflow's database; SQLite in the stack's home if there is none."""

    @classmethod
    def in_home(cls, home: Path, **options: Any) -> "StackUnderTest":
        """Environments of images are large and the same for everybody, so they are shared."""
        home.mkdir(parents=True, exist_ok=True)
        IMAGES.mkdir(parents=True, exist_ok=True)
        (home / "images").symlink_to(IMAGES, target_is_directory=True)
        return cls(home, free_port(), free_port(), **options)

    def millrace(self, *arguments: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """The `millrace` command, its output captured."""
        foreign = ("MILLRACE_", "AWS_", "AIRFLOW")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
            "MILLRACE_HOME": str(self.home),
            "MILLRACE_AWS_PORT": str(self.aws_port),
            "MILLRACE_AIRFLOW_PORT": str(self.airflow_port),
            "COLUMNS": "200",
        }
        if self.database_url:
            environment["MILLRACE_DATABASE_URL"] = self.database_url
        return subprocess.run(
            [sys.executable, "-m", "local.cli", *arguments],
            cwd=REPO,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def run(self, dag: str, *arguments: str) -> dict[str, Any]:
        """`millrace run`, which has to succeed; what it left in last-run.json."""
        done = self.millrace("run", dag, *arguments, timeout=1500)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return self.last_run()

    def last_run(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "last-run.json").read_text())
        return found

    def client(self, service: str) -> Any:
        """A boto3 client of the stack's AWS."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=f"http://127.0.0.1:{self.aws_port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    @property
    def bucket(self) -> str:
        """The stack's bucket."""
        return next(str(b["Name"]) for b in self.client("s3").list_buckets()["Buckets"])

    def read(self, uri: str) -> bytes:
        """An object of the stack's S3."""
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        content: bytes = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    def jobs(self, run_id: str, kind: str = "Processing") -> dict[str, str]:
        """Name -> status of the jobs that a run has launched."""
        sagemaker = self.client("sagemaker")
        list_jobs = getattr(sagemaker, f"list_{kind.lower()}_jobs")
        found = {}
        for job in list_jobs(MaxResults=100)[f"{kind}JobSummaries"]:
            tags = sagemaker.list_tags(ResourceArn=job[f"{kind}JobArn"])["Tags"]
            if {"Key": "millrace:run", "Value": run_id} in tags:
                found[job[f"{kind}JobName"]] = job[f"{kind}JobStatus"]
        return found

    @property
    def airflow_url(self) -> str:
        return f"http://127.0.0.1:{self.airflow_port}"

    @property
    def password(self) -> str:
        """The generated password of the user `admin`."""
        (file,) = (self.home / "airflow").glob("*passwords*")
        return str(json.loads(file.read_text())["admin"])

    def api(self) -> httpx.Client:
        """A client of Airflow's REST API, logged in."""
        credentials = {"username": "admin", "password": self.password}
        answer = httpx.post(f"{self.airflow_url}/auth/token", json=credentials, timeout=PATIENCE)
        token = answer.raise_for_status().json()["access_token"]
        return httpx.Client(
            base_url=f"{self.airflow_url}/api/v2",
            headers={"Authorization": f"Bearer {token}"},
            timeout=PATIENCE,
        )

    def over_rest(self, dag_id: str, conf: dict[str, Any]) -> dict[str, Any]:
        """A run that the REST API starts, once it is over."""
        with self.api() as api:
            api.patch(f"/dags/{dag_id}", json={"is_paused": False}).raise_for_status()
            answer = api.post(f"/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf})
        return self.ended(dag_id, answer.raise_for_status().json()["dag_run_id"])

    def ended(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """A run, once it is over."""
        with self.api() as api:
            while True:
                run: dict[str, Any] = api.get(f"/dags/{dag_id}/dagRuns/{run_id}").raise_for_status().json()
                if run["state"] not in ("queued", "running"):
                    return run
                time.sleep(1)

    def states(self, dag_id: str, run_id: str) -> dict[str, str]:
        """Task -> state of a run."""
        with self.api() as api:
            answer = api.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances").raise_for_status()
        return {task["task_id"]: task["state"] for task in answer.json()["task_instances"]}


@contextmanager
def running(home: Path, **options: Any) -> Iterator[StackUnderTest]:
    """A stack that runs for as long as the context lasts."""
    made = StackUnderTest.in_home(home, **options)
    try:
        up = made.millrace("up")
        assert up.returncode == 0, up.stdout + up.stderr
        yield made
    finally:
        down = made.millrace("down")
        assert down.returncode == 0, down.stdout + down.stderr
