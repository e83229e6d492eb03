"""What a schedule asks of its target: which service, which operation, with what.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets.html
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from botocore import xform_name
from botocore.session import get_session
from moto.utilities.arns import parse_arn

UNIVERSAL = re.compile(r"arn:aws:scheduler:::aws-sdk:([a-z0-9-]+):([A-Za-z]+)")
SDK_NAMES = {"eventbridge": "events", "sfn": "stepfunctions", "cloudwatchlogs": "logs", "lambda": "lambda"}
"""Services that the SDK, and so the ARN, names otherwise than botocore."""
Target = Mapping[str, Any]


class TargetError(ValueError):
    """The local AWS cannot call such a target. The message says why."""


@dataclass(frozen=True)
class Request:
    """A call: the client's name, its method and the method's arguments."""

    service: str
    method: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Occasion:
    """One invocation of a schedule."""

    schedule_arn: str
    time: datetime
    execution: str
    attempt: int

    @property
    def words(self) -> dict[str, str]:
        """What stands for what in an ``Input``."""
        return {
            "<aws.scheduler.schedule-arn>": self.schedule_arn,
            "<aws.scheduler.scheduled-time>": f"{self.time:%Y-%m-%dT%H:%M:%SZ}",
            "<aws.scheduler.execution-id>": self.execution,
            "<aws.scheduler.attempt-number>": str(self.attempt),
        }


def check(target: Target) -> None:
    """Raises `TargetError` for a target that cannot be called here."""
    if found := UNIVERSAL.fullmatch(target["Arn"]):
        _universal(found)
        try:
            fits = isinstance(json.loads(target.get("Input") or "{}"), dict)
        except ValueError:
            fits = False
        if not fits:
            raise TargetError(f"The Input of {target['Arn']} must be a JSON object.")
    elif parse_arn(target["Arn"]).service not in TEMPLATES:
        raise TargetError(f"The local AWS has no schedules for the target {target['Arn']}.")
    if parse_arn(target["Arn"]).service == "kinesis" and not target.get("KinesisParameters"):
        raise TargetError("KinesisParameters must be given for a stream of Kinesis.")
    if parse_arn(target["Arn"]).service == "events" and not target.get("EventBridgeParameters"):
        raise TargetError("EventBridgeParameters must be given for an event bus.")


def request(target: Target, occasion: Occasion, endpoint_url: str) -> Request:
    """The call that an invocation is."""
    text = target.get("Input") or _default(occasion)
    for word, value in occasion.words.items():
        text = text.replace(word, value)
    if found := UNIVERSAL.fullmatch(target["Arn"]):
        service, method = _universal(found)
        return Request(service, method, json.loads((target.get("Input") and text) or "{}"))
    arn = parse_arn(target["Arn"])
    return TEMPLATES[arn.service](target, text, endpoint_url)


def _default(occasion: Occasion) -> str:
    """What a target gets that has no ``Input``."""
    arn = parse_arn(occasion.schedule_arn)
    event = {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": arn.account,
        "time": f"{occasion.time:%Y-%m-%dT%H:%M:%SZ}",
        "region": arn.region,
        "resources": [occasion.schedule_arn],
        "detail": "{}",
    }
    return json.dumps(event)


def _universal(found: re.Match[str]) -> tuple[str, str]:
    """Botocore's names of the service and the method of a universal target."""
    session = get_session()
    service = SDK_NAMES.get(found[1], found[1])
    if service in session.get_available_services():
        for operation in session.get_service_model(service).operation_names:
            if operation.lower() == found[2].lower():
                return service, xform_name(operation)
    raise TargetError(f"There is no operation {found[2]} of a service {found[1]}.")


def _to_queue(target: Target, text: str, endpoint_url: str) -> Request:
    arn = parse_arn(target["Arn"])
    url = f"{endpoint_url}/{arn.account}/{arn.resource_id}"
    return Request(
        "sqs", "send_message", {"QueueUrl": url, "MessageBody": text, **target.get("SqsParameters", {})}
    )


def _to_topic(target: Target, text: str, _: str) -> Request:
    return Request("sns", "publish", {"TopicArn": target["Arn"], "Message": text})


def _to_function(target: Target, text: str, _: str) -> Request:
    arguments = {"FunctionName": target["Arn"], "InvocationType": "Event", "Payload": text}
    return Request("lambda", "invoke", arguments)


def _to_stream(target: Target, text: str, _: str) -> Request:
    return Request(
        "kinesis", "put_record", {"StreamARN": target["Arn"], "Data": text, **target["KinesisParameters"]}
    )


def _to_delivery_stream(target: Target, text: str, _: str) -> Request:
    name = parse_arn(target["Arn"]).resource_id
    return Request("firehose", "put_record", {"DeliveryStreamName": name, "Record": {"Data": text}})


def _to_bus(target: Target, text: str, _: str) -> Request:
    entry = {"EventBusName": target["Arn"], "Detail": text, **target["EventBridgeParameters"]}
    return Request("events", "put_events", {"Entries": [entry]})


TEMPLATES = {
    "sqs": _to_queue,
    "sns": _to_topic,
    "lambda": _to_function,
    "kinesis": _to_stream,
    "firehose": _to_delivery_stream,
    "events": _to_bus,
}
