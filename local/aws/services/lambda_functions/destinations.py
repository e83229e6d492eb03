"""Where what became of an event is sent: queues, topics, functions and event buses.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.events.models import events_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.utilities.arns import parse_arn

from local.aws.services.lambda_functions.context import current

SERVICES = ("sqs", "sns", "lambda", "events")


class DestinationUnsupportedError(ValueError):
    """The local AWS sends no records there."""


def check(arn: str) -> None:
    """Raises `DestinationUnsupportedError` for an ARN of another service."""
    service = parse_arn(arn).service
    if service not in SERVICES:
        raise DestinationUnsupportedError(
            f"The provided destination config DestinationConfig({arn}) is invalid: the local AWS sends "
            f"records to {', '.join(SERVICES)}, not to {service}."
        )


def send_record(arn: str, record: Mapping[str, Any], *, succeeded: bool = False) -> None:
    """Sends an invocation record. Raises whatever the destination's service does."""
    text = json.dumps(record)
    parsed = parse_arn(arn)
    if parsed.service == "lambda":
        backend: Any = lambda_backends[parsed.account][parsed.region]
        current().invoker.submit(backend.get_function(arn), text.encode())
    elif parsed.service == "events":
        _to_bus(parsed, text, record, succeeded=succeeded)
    else:
        send_text(arn, text)


def send_text(arn: str, text: str, attributes: Mapping[str, tuple[str, str]] | None = None) -> None:
    """Sends a message to a queue or a topic.

    Args:
        arn: of the queue or topic.
        text: the message.
        attributes: type and value by name.
    """
    parsed, named = parse_arn(arn), attributes or {}
    with current().aws.changing():
        if parsed.service == "sqs":
            of_message = {n: {"DataType": kind, "StringValue": value} for n, (kind, value) in named.items()}
            queues = sqs_backends[parsed.account][parsed.region]
            queues.send_message(parsed.resource_id, text, message_attributes=of_message)
        elif parsed.service == "sns":
            of_topic = {n: {"Type": kind, "Value": value} for n, (kind, value) in named.items()}
            topics = sns_backends[parsed.account][parsed.region]
            topics.publish(text, arn=arn, message_attributes=of_topic)
        else:
            raise DestinationUnsupportedError(f"{arn} is neither a queue nor a topic.")


def _to_bus(parsed: Any, text: str, record: Mapping[str, Any], *, succeeded: bool) -> None:
    entry = {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {'Success' if succeeded else 'Failure'}",
        "Detail": text,
        "Resources": [record["requestContext"]["functionArn"]],
        "EventBusName": parsed.resource_id,
    }
    with current().aws.changing():
        events_backends[parsed.account][parsed.region].put_events([entry])


def timestamp(moment: datetime | None = None) -> str:
    """As AWS's records have it.

    >>> timestamp(datetime(2026, 1, 2, 3, 4, 5, 678901, UTC))
    '2026-01-02T03:04:05.678Z'
    """
    text = (moment or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
