"""An account of the test's own: functions, queues and how to wait for what they do."""

import io
import json
import textwrap
import time
import zipfile
from itertools import count
from typing import Any

from tests.local.conftest import connect

ROLE = "arn:aws:iam::123456789012:role/functions"
PATIENCE = 60.0
_numbers = count()


def package(code: str, **files: str) -> bytes:
    """A zip archive with `code` as ``app.py``, and other files by name."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", textwrap.dedent(code))
        for name, text in files.items():
            archive.writestr(name.replace("__", "."), text)
    return content.getvalue()


def until(question: Any, what: str, patience: float = PATIENCE) -> Any:
    """The first true answer."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if answer := question():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"Not in {patience} seconds: {what}")


class Account:
    """Clients of one server, and resources with names that nobody else has."""

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        self.functions, self.sqs, self.sns, self.logs = map(self.client, ("lambda", "sqs", "sns", "logs"))

    def client(self, service: str) -> Any:
        return connect(self.endpoint_url, service)

    def role(self) -> None:
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        self.client("iam").create_role(RoleName="functions", AssumeRolePolicyDocument=json.dumps(trust))

    def function(self, code: str, files: dict[str, str] | None = None, **options: Any) -> str:
        """Creates a function whose handler is ``handler`` of `code`; returns its name."""
        name = options.pop("FunctionName", f"function-{next(_numbers)}")
        self.functions.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=ROLE,
            Handler="app.handler",
            Code={"ZipFile": package(code, **(files or {}))},
            **{"Timeout": 20, **options},
        )
        return name

    def invoke(self, name: str, event: Any = None, **options: Any) -> dict[str, Any]:
        """The answer of Invoke, its payload read."""
        answer = self.functions.invoke(FunctionName=name, Payload=json.dumps(event), **options)
        text = answer["Payload"].read()
        return {**answer, "Payload": json.loads(text) if text else None}

    def queue(self, *, receives: int = 0, **attributes: str) -> tuple[str, str]:
        """URL and ARN of a new queue; with `receives` it has a dead-letter queue named ``<name>-dead``."""
        name = f"queue-{next(_numbers)}"
        if receives:
            dead = self.sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
            policy = {"deadLetterTargetArn": self.arn_of_queue(dead), "maxReceiveCount": receives}
            attributes["RedrivePolicy"] = json.dumps(policy)
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, self.arn_of_queue(url)

    def arn_of_queue(self, url: str) -> str:
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(attributes["Attributes"]["QueueArn"])

    def map(self, name: str, source: str, **options: Any) -> str:
        """Creates an event source mapping; returns its UUID."""
        made = self.functions.create_event_source_mapping(FunctionName=name, EventSourceArn=source, **options)
        return str(made["UUID"])

    def send(self, url: str, *bodies: Any) -> list[str]:
        """Message ids of what was sent."""
        return [self.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(b))["MessageId"] for b in bodies]

    def depth(self, url: str) -> tuple[int, int]:
        """Messages that are visible, and that are in somebody's hands."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def receive(self, url: str, number: int = 1, patience: float = PATIENCE) -> list[dict[str, Any]]:
        """That many messages, deleted from the queue."""
        found: list[dict[str, Any]] = []

        def enough() -> bool:
            answer = self.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, MessageAttributeNames=["All"]
            )
            for message in answer.get("Messages", []):
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(message)
            return len(found) >= number

        until(enough, f"{number} messages in {url}, there were {len(found)}", patience)
        return found

    def log(self, name: str) -> list[str]:
        """All lines of a function's log."""
        try:
            events = self.logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except self.logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in events]

    def until_logged(self, name: str, text: str) -> str:
        """The first line with `text`; lines come half a second late."""
        return str(until(lambda: next((x for x in self.log(name) if text in x), None), f"{text} in the log"))
