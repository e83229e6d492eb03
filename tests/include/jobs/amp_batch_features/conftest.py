"""A lake in a local AWS, and the jobs on it, run by one Spark."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest

from include.bundles import Bundle
from local.aws.server import LocalAws
from tests.include.jobs.abalone.conftest import spark_configuration
from tests.include.jobs.amp_batch_features.small_world import DAY
from tests.include.jobs.conftest import IMAGES, SPARK, interpreter

LAKE, OURS = "curated", "millrace"
"""Two buckets."""
ONE_OF_ONE = "part-00000-of-00001.parquet"


@dataclass
class Jobs:
    """The pipeline's scripts, one after another in one process."""

    folder: Path
    s3: Any
    ask: Callable[[dict[str, Any]], Any]
    runs: int = 0
    message: str = ""
    metrics: dict[str, Any] = field(default_factory=dict)

    def put_lake(self, world: str, tables: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]) -> None:
        """Makes or replaces the objects of these tables' days."""
        self.put_rows(
            {f"{world}/amp/{table}/day={day}/{ONE_OF_ONE}": rows for (table, day), rows in tables.items()}
        )

    def put_rows(self, objects: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Makes objects of the lake, each of these rows."""
        self.ask(
            {"do": "write", "bucket": LAKE, "objects": {key: list(rows) for key, rows in objects.items()}}
        )

    def build(self, world: str, *more: str, day: date = DAY, kill: Sequence[Any] = ()) -> int:
        """Builds the partials of a world; the exit code, and what it left in ``metrics`` and ``message``."""
        where = ["--lake", f"s3://{LAKE}/{world}/amp", "--partials", self.partials(world)]
        return self.run("build_partials", *where, "--day", str(day), *more, kill=kill)

    def roll_up(self, world: str, name: str, *more: str, day: date = DAY) -> int:
        """Rolls a world up to the features of this name."""
        where = ["--partials", self.partials(world), "--output", self.features(world, name)]
        return self.run("roll_up", *where, "--day", str(day), *more)

    def run(self, script: str, *arguments: str, report: str = "--report", kill: Sequence[Any] = ()) -> int:
        self.runs += 1
        out, base = self.folder / f"out-{self.runs}", self.folder / f"opt-{self.runs}"
        request = {
            "do": "run",
            "script": script,
            "arguments": [*arguments, report, str(out)],
            "base": str(base),
        }
        if kill:
            module, function, calls = kill
            request |= {"do": "kill", "module": module, "function": function, "calls": calls}
        code = self.ask(request)
        message, metrics = base / "output" / "message", out / "metrics.json"
        self.message = message.read_text() if message.exists() else ""
        self.metrics = json.loads(metrics.read_text()) if metrics.exists() else {}
        self.out = out
        return code

    def partials(self, world: str) -> str:
        return f"s3://{OURS}/{world}/partials"

    def features(self, world: str, name: str) -> str:
        return f"s3://{OURS}/{world}/features/{name}"

    def rows(self, world: str, name: str, group: str) -> list[dict[str, Any]]:
        return self.ask({"do": "read", "bucket": OURS, "prefix": f"{world}/features/{name}/{group}/"})

    def objects(self, prefix: str) -> dict[str, tuple[str, str]]:
        """Key -> entity tag and time of what is below a prefix."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=OURS, Prefix=prefix)
        return {
            item["Key"]: (item["ETag"], str(item["LastModified"]))
            for page in pages
            for item in page.get("Contents", [])
        }


@pytest.fixture(scope="module")
def amp(tmp_path_factory) -> Iterator[Jobs]:
    folder = tmp_path_factory.mktemp("amp")
    code = folder / "code"
    Bundle.of_job("amp_batch_features", "datasets", "amp").write(code)
    with pytest.MonkeyPatch.context() as patch, LocalAws(home=folder / "aws", images=IMAGES) as aws:
        s3 = boto3.client("s3", endpoint_url=aws.endpoint_url)
        for bucket in (LAKE, OURS):
            s3.create_bucket(Bucket=bucket)
        patch.setenv("AWS_ENDPOINT_URL", aws.endpoint_url)
        patch.setenv("SPARK_CONF_DIR", str(spark_configuration(folder, aws.endpoint_url)))
        with job_server(code, folder) as ask:
            yield Jobs(folder, s3, ask)


class job_server:  # noqa: N801  # used as a function
    """A process of the Spark image that does what it is asked."""

    def __init__(self, code: Path, folder: Path) -> None:
        self.code, self.log = code, folder / "log"

    def __enter__(self) -> Callable[[dict[str, Any]], Any]:
        python = interpreter("spark")
        answers, theirs = os.pipe()
        environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": str(python)}
        self.process = subprocess.Popen(
            [python, Path(__file__).with_name("job_server.py"), self.code, str(theirs)],
            env={**environment, "PYSPARK_SUBMIT_ARGS": SPARK},
            stdin=subprocess.PIPE,
            stdout=self.log.open("w"),
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=[theirs],
        )
        os.close(theirs)
        self.answers = os.fdopen(answers)
        return self.ask

    def ask(self, request: dict[str, Any]) -> Any:
        print(json.dumps(request), file=self.process.stdin, flush=True)
        answer = self.answers.readline()
        assert answer, self.log.read_text()[-4000:]
        return json.loads(answer)

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait(60)
        self.answers.close()
