"""A lake of its own for each test, in one local AWS, and one Spark for all of them."""

import gzip
import json
import os
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from include.bundles import JOBS, Bundle
from local.aws.server import LocalAws
from tests.include.jobs.abalone.conftest import spark_configuration
from tests.include.jobs.conftest import IMAGES, SPARK, interpreter

# Tests import the modules that need no Spark as a job does, by plain names.
sys.path += [str(JOBS / folder) for folder in ("amp_lake", "amp", "datasets", "shared")]

RAW, CURATED, LIVE = "raw", "curated", "live"
"""Three buckets."""
SUITE = Path(__file__).resolve().parents[4] / "include" / "expectations" / "amp_lake.json"
DEFAULTS = {
    "like": {"user_id": "u0000001", "show_id": "s00000001", "creator_id": "c000001", "topics": ["pop"]},
    "follow": {"user_id": "u0000001", "creator_id": "c000001", "following": True},
    "session": {
        "user_id": "u0000001",
        "show_id": "s00000001",
        "creator_id": "c000001",
        "topics": ["pop", "rock"],
        "show_minutes": 60,
        "started_at": "2026-03-01T10:00:00.000Z",
        "seconds": 600,
        "device": "ios",
    },
}


def event(kind: str, time: str, number: int = 0, **fields: Any) -> dict[str, Any]:
    """An event by the contract; the same arguments give the same id."""
    identity = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind} {time} {number}"))
    given = {"event_id": identity, "event_type": kind, "event_time": f"{time}.000Z", "version": 1}
    return {**given, **DEFAULTS[kind], **fields}


def without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


@dataclass
class Steps:
    """The process that runs the jobs."""

    python: Path
    code: Path
    environment: dict[str, str]
    process: subprocess.Popen[str] | None = field(default=None)

    def ask(self, **step: Any) -> dict[str, Any]:
        process = self.process = self.process or self.start()
        process.stdin.write(json.dumps(step) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            return {"code": -process.wait(), "killed": True}
        return json.loads(answer)

    def start(self) -> subprocess.Popen[str]:
        command = [self.python, Path(__file__).with_name("steps.py"), self.code]
        return subprocess.Popen(
            command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def other(self) -> "Steps":
        """Another process, which may be killed."""
        return Steps(self.python, self.code, self.environment)

    def end(self) -> None:
        if self.process:
            self.process.stdin.close()
            self.process.wait()
            self.process.stdout.close()


@pytest.fixture(scope="module")
def aws(tmp_path_factory) -> Iterator[tuple[Any, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("amp_lake")
    with LocalAws(home=folder / "aws", images=IMAGES) as server:
        s3 = boto3.client("s3", endpoint_url=server.endpoint_url)
        for bucket in (RAW, CURATED, LIVE):
            s3.create_bucket(Bucket=bucket)
        configured = spark_configuration(folder, server.endpoint_url)
        yield s3, {"AWS_ENDPOINT_URL": server.endpoint_url, "SPARK_CONF_DIR": str(configured)}


@pytest.fixture(scope="module")
def steps(aws, tmp_path_factory) -> Iterator[Steps]:
    python, code = interpreter("spark"), tmp_path_factory.mktemp("code")
    Bundle.of_job("amp_lake", "amp", "datasets").write(code)
    there = {**os.environ, **aws[1], "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": str(python)}
    found = Steps(python, code, {**there, "PYSPARK_SUBMIT_ARGS": SPARK})
    yield found
    found.end()


@dataclass
class Lake:
    """One lake: what arrives for it, and the runs that build it."""

    name: str
    s3: Any
    steps: Steps
    folder: Path
    runs: int = 0

    def arrive(self, hour: str, *lines: dict[str, Any] | str, name: str = "a") -> str:
        """Puts an object for an hour such as ``2026-03-01T10``; its key."""
        text = [each if isinstance(each, str) else json.dumps(each) for each in lines]
        folder = datetime.fromisoformat(f"{hour}:00").strftime("%Y/%m/%d/%H")
        key = f"{self.name}/amp/events/{folder}/amp-events-1-{folder.replace('/', '-')}-00-00-{name}.gz"
        self.s3.put_object(Bucket=RAW, Key=key, Body=gzip.compress("\n".join(text).encode()))
        return key

    def build(self, *options: str, code: int = 0, steps: Steps | None = None, **how: Any) -> dict[str, Any]:
        """Runs the job; its metrics."""
        self.runs += 1
        report = self.folder / str(self.runs)
        where = {
            "--events": f"s3://{RAW}/{self.name}/amp/events",
            "--lake": f"s3://{CURATED}/{self.name}/amp",
            "--live": f"s3://{LIVE}/{self.name}",
            "--staging": f"s3://{CURATED}/_staging/{self.name}/run",
            "--report": str(report),
        }
        arguments = [part for item in where.items() for part in item]
        step = {"script": "build_lake", "arguments": [*arguments, *options], "base": str(report), **how}
        assert (steps or self.steps).ask(**step)["code"] == code
        metrics = report / "metrics.json"
        return json.loads(metrics.read_text()) if metrics.exists() else {}

    def check(self, *options: str) -> dict[str, Any]:
        """Runs the gate over the last run; its report."""
        report, output = self.folder / str(self.runs), self.folder / f"check-{self.runs}"
        arguments = ["--lake", f"s3://{CURATED}/{self.name}/amp", "--build", str(report)]
        arguments += ["--suite", str(SUITE), "--output", str(output), *options]
        answer = self.steps.ask(script="check_lake", arguments=arguments, base=str(output))
        assert answer["code"] == 0, self.message(output)
        return json.loads((output / "report.json").read_text())

    def message(self, base: Path | None = None) -> str:
        return ((base or self.folder / str(self.runs)) / "output" / "message").read_text()

    def objects(self, bucket: str = CURATED, prefix: str = "amp/") -> dict[str, tuple[str, str]]:
        """Key -> ETag and time of writing."""
        answer = self.s3.list_objects_v2(Bucket=bucket, Prefix=f"{self.name}/{prefix}")
        return {
            item["Key"].removeprefix(f"{self.name}/{prefix}"): (item["ETag"], str(item["LastModified"]))
            for item in answer.get("Contents", [])
        }

    def rows(self, table: str, day: str = "") -> list[dict[str, Any]]:
        prefix = f"{table}/day={day}"
        uris = [f"s3://{CURATED}/{self.name}/amp/{key}" for key in self.objects() if key.startswith(prefix)]
        return self.steps.ask(read=uris)["rows"]

    def content(self) -> dict[str, list[dict[str, Any]]]:
        """Every table's rows, each in the order of its files."""
        tables = sorted({key.partition("/")[0] for key in self.objects()})
        return {table: self.rows(table) for table in tables}

    def reasons(self) -> Counter[str]:
        return Counter(row["reason"] for row in self.rows("rejected"))


@pytest.fixture
def lake(request, aws, steps, tmp_path) -> Lake:
    return Lake(uuid.uuid4().hex[:12], aws[0], steps, tmp_path)


def hours(first: str, count: int) -> list[str]:
    start = datetime.fromisoformat(f"{first}:00")
    return [(start + timedelta(hours=each)).strftime("%Y-%m-%dT%H") for each in range(count)]
