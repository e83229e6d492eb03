"""Ways to hand an event to a target."""

import base64
import json
import logging
import time
from typing import Any
from uuid import uuid4

from moto.events.models import Rule, events_backends
from moto.logs.models import logs_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.utilities.arns import parse_arn

from local.aws.services import firehose, kinesis
from local.aws.services.events.transform import found

log = logging.getLogger(__name__)


class TargetUnsupportedError(RuntimeError):
    """The local AWS cannot send events to this kind of target."""


def send(rule: Rule, target: dict[str, Any], event: dict[str, Any], text: str) -> None:
    """Sends ``text``, made of ``event``, to one target.

    Raises:
        TargetUnsupportedError: events cannot be sent to such a target here.
    """
    arn = parse_arn(target["Arn"])
    if arn.service == "sqs":
        to_queue(target["Arn"], text, group=target.get("SqsParameters", {}).get("MessageGroupId"))
    elif arn.service == "sns":
        _to_topic(target["Arn"], text)
    elif arn.service == "logs":
        _to_log_group(arn, text)
    elif arn.service == "lambda":
        _to_function(arn, target["Arn"], text)
    elif arn.service == "kinesis":
        _to_stream(target, event, text)
    elif arn.service == "firehose":
        _to_delivery_stream(target["Arn"], text)
    elif arn.service == "events" and arn.resource_type == "event-bus":
        _to_bus(arn, event)
    elif arn.service == "events" and not arn.resource_type:
        _to_archive(rule, event)
    else:
        raise TargetUnsupportedError(f"the local AWS sends no events to {arn.service}")


def to_queue(
    queue_arn: str, text: str, *, group: str | None = None, attributes: dict[str, Any] | None = None
) -> None:
    """Sends one message to an SQS queue; raises if there is no such queue."""
    arn = parse_arn(queue_arn)
    backend = sqs_backends[arn.account][arn.region]
    backend.send_message(arn.resource_id, text, group_id=group, message_attributes=attributes)


def _to_topic(topic_arn: str, text: str) -> None:
    arn = parse_arn(topic_arn)
    sns_backends[arn.account][arn.region].publish(text, arn=topic_arn)


def _to_log_group(arn: Any, text: str) -> None:
    backend = logs_backends[arn.account][arn.region]
    group, stream = arn.resource_id.removesuffix(":*"), str(uuid4())
    backend.create_log_stream(group, stream)
    backend.put_log_events(group, stream, [{"timestamp": int(time.time() * 1000), "message": text}])


def _to_function(arn: Any, function_arn: str, text: str) -> None:
    from moto.awslambda.utils import get_backend  # noqa: PLC0415  # takes a second, and few use it

    get_backend(arn.account, arn.region).invoke(
        function_name=function_arn, qualifier=None, body=text, headers={}, response_headers={}
    )


def _to_stream(target: dict[str, Any], event: dict[str, Any], text: str) -> None:
    """The partition key is the event's id, or what the target's path finds in the event."""
    path = target.get("KinesisParameters", {}).get("PartitionKeyPath")
    key = found(path, event, event["id"]) if path else event["id"]
    stream = kinesis.catalog().of_arn(target["Arn"])
    record = {"PartitionKey": str(key), "Data": base64.b64encode(text.encode()).decode()}
    kinesis.operations().records.append(stream, [record])


def _to_delivery_stream(arn: str, text: str) -> None:
    operations = firehose.operations()
    operations.put(operations.of_arn(arn), [{"Data": base64.b64encode(text.encode()).decode()}])


def _to_archive(rule: Rule, event: Any) -> None:
    archive = parse_arn(event["archive-arn"]).resource_id
    rule._send_to_events_archive(archive, event)  # noqa: SLF001  # moto's archive is as AWS's


def _to_bus(arn: Any, event: dict[str, Any]) -> None:
    entry = {
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
        "Resources": event["resources"],
        "EventBusName": arn.resource_id,
    }
    events_backends[arn.account][arn.region].put_events([entry])
