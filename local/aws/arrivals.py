"""Messages of queues as they are kept until a snapshot has them, and their way back after a killed server.

Only arrivals are kept. A message that was deleted since the snapshot comes again, as SQS may do: what its
receiver made of it, an object in S3 say, the snapshot has not either.
"""

import base64
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from moto.sqs.models import Message, Queue, sqs_backends
from moto.utilities.arns import parse_arn

log = logging.getLogger(__name__)

SERVICE = "sqs"
FIELDS = (
    "id",
    "body",
    "message_attributes",
    "system_attributes",
    "sender_id",
    "sent_timestamp",
    "delayed_until",
    "deduplication_id",
    "group_id",
    "sequence_number",
    "approximate_receive_count",
    "approximate_first_receive_timestamp",
)
"""Of moto's message; a dead letter has been received."""
STAND_IN = "stand_in"
"""A mark of a queue that holds messages for one that was younger than the snapshot."""


def entry(queue: Queue, message: Message) -> dict[str, Any]:
    """What is kept when a message comes into a queue."""
    fields = {name: _plain(getattr(message, name)) for name in FIELDS}
    return {"service": SERVICE, "queue": queue.queue_arn, "message": fields}


def put_back(entries: Iterable[Mapping[str, Any]]) -> int:
    """Puts messages that the snapshot has not into their queues; returns how many.

    A message that became a dead letter is where it was last.
    """
    latest: dict[str, Mapping[str, Any]] = {}
    for each in entries:
        if each["service"] == SERVICE:
            latest.pop(each["message"]["id"], None)
            latest[each["message"]["id"]] = each
    missing = latest.keys() - _known()
    for id_, each in latest.items():
        if id_ in missing:
            _queue(each["queue"])._messages.append(_message(each["message"]))  # noqa: SLF001  # moto has no other way
    return len(missing)


def _known() -> set[str]:
    """Ids of all messages that the snapshot has."""
    return {
        message.id
        for _, _, backend in sqs_backends.iter_backends()
        for queue in backend.queues.values()  # type: ignore[attr-defined]
        for message in queue._messages  # noqa: SLF001
    }


def _queue(arn: str) -> Queue:
    """The queue, or one in its place that gives its messages to whoever makes it again."""
    parsed = parse_arn(arn)
    backend = sqs_backends[parsed.account][parsed.region]
    name = parsed.resource_id
    if name not in backend.queues:
        log.warning("The queue %s is younger than the snapshot: it is made again, without attributes", name)
        fifo: dict[str, Any] = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        vars(backend.create_queue(name, **fifo))[STAND_IN] = True
    return backend.queues[name]


def _message(fields: Mapping[str, Any]) -> Message:
    message = Message(fields["id"], fields["body"])
    for name in FIELDS:
        setattr(message, name, _restored(fields[name]))
    return message


def _plain(value: Any) -> Any:
    """As JSON can have it: attributes may be binary."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return value


def _restored(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    # An attribute may have this name, but its value is no text.
    if value.keys() == {"base64"} and isinstance(value["base64"], str):
        return base64.b64decode(value["base64"])
    return {name: _restored(each) for name, each in value.items()}
