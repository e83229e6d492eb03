"""Lambda in the local AWS: events a second from a queue to a function, and the time of one invocation.

A backlog is put into a queue, and a function that reads every message as JSON is mapped to it with partial
failures on. ``invoke_ms`` is a synchronous call of the warm function by boto3, ``cold_ms`` the first one.
"""

import io
import json
import os
import statistics
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import boto3
from moto.sqs.models import sqs_backends

from bench.reporting import Row, parser, report
from local.aws.server import ACCOUNT_ID, REGION, LocalAws

REPO = Path(__file__).resolve().parents[1]
CODE = """
import json

def handler(event, context):
    for record in event["Records"]:
        json.loads(record["body"])
    return {"batchItemFailures": []}
"""
BATCHES = (10, 100, 1000)
INVOCATIONS = 50


class Bench:
    """A local AWS with a role for functions."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._functions, self._sqs = self._client("lambda"), self._client("sqs")
        made = self._client("iam").create_role(RoleName="functions", AssumeRolePolicyDocument="{}")
        self._role = made["Role"]["Arn"]

    def _client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "bench", "aws_secret_access_key": "bench"}
        return boto3.client(service, endpoint_url=self._endpoint_url, region_name=REGION, **keys)

    def run(self, batch: int, events: int) -> Row:
        """One row: the time until the queue is empty."""
        name = f"batch-{batch}"
        self._create(name)
        cold = self._invoke(name)
        url = self._sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "120"})["QueueUrl"]
        backend: Any = sqs_backends[ACCOUNT_ID][REGION]
        for number in range(events):
            backend.send_message(name, json.dumps({"event": number, "user": f"user-{number % 1000}"}))
        queue = backend.get_queue(name)
        began = time.perf_counter()
        uuid = self._functions.create_event_source_mapping(
            FunctionName=name,
            EventSourceArn=self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
                "Attributes"
            ]["QueueArn"],
            BatchSize=batch,
            MaximumBatchingWindowInSeconds=0 if batch <= 10 else 1,  # noqa: PLR2004  # AWS's bound
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )["UUID"]
        while queue._messages:  # noqa: SLF001  # to ask for its length would be a call
            time.sleep(0.02)
        seconds = time.perf_counter() - began
        self._functions.delete_event_source_mapping(UUID=uuid)
        warm = statistics.median(self._invoke(name) for _ in range(INVOCATIONS))
        return {
            "batch": f"{batch:,}",
            "events": f"{events:,}",
            "seconds": seconds,
            "events_s": events / seconds,
            "invoke_ms": warm * 1000,
            "cold_ms": cold * 1000,
        }

    def _create(self, name: str) -> None:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as content:
            content.writestr("app.py", CODE)
        self._functions.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=self._role,
            Handler="app.handler",
            Code={"ZipFile": archive.getvalue()},
            Timeout=60,
        )

    def _invoke(self, name: str) -> float:
        began = time.perf_counter()
        self._functions.invoke(FunctionName=name, Payload=json.dumps({"Records": []}))
        return time.perf_counter() - began


def main() -> None:
    """Drains a backlog for each size of batch."""
    made = parser(__doc__ or "", rounds=1)
    made.add_argument("--events", type=int, default=10_000, help="for each size of batch (%(default)s)")
    home = Path(os.environ.get("MILLRACE_HOME", REPO / ".millrace"))
    made.add_argument("--images", type=Path, default=home / "images", help="where environments are kept")
    arguments = made.parse_args()
    rows = []
    for batch in BATCHES:
        with (
            tempfile.TemporaryDirectory() as folder,
            LocalAws(home=Path(folder), images=arguments.images) as aws,
        ):
            rows.append(Bench(aws.endpoint_url).run(batch, arguments.events))
    report("From a queue to a function", rows, arguments.json)


if __name__ == "__main__":
    main()
