"""Queues as event sources.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

import base64
import hashlib
import json
import logging
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any

from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import Message, sqs_backends
from typing_extensions import override

from local.aws.services.lambda_functions import filters
from local.aws.services.lambda_functions.context import current
from local.aws.services.lambda_functions.environment import Outcome
from local.aws.services.lambda_functions.errors import ThrottledError
from local.aws.services.lambda_functions.execution import execute
from local.aws.services.lambda_functions.function import LocalFunction
from local.aws.services.lambda_functions.mapping import LocalMapping
from local.aws.services.lambda_functions.sources import FAILED, OK, Poller

log = logging.getLogger(__name__)

CONCURRENT_BATCHES = 5
"""With which AWS begins; it goes up to 1,000, this server stays."""
WAIT_SECONDS = 20
PAYLOAD = 6 * 1024 * 1024
"""Bytes of an event."""
OVERHEAD = 700
"""Bytes of a record beside its body, about."""
BACKOFF = (0.1, 5.0)
"""Seconds that a throttled batch waits, first and at most."""


class QueuePoller(Poller):
    """Takes messages in batches, calls the function and deletes what it handled."""

    def __init__(self, mapping: LocalMapping, before: Poller | None = None) -> None:
        super().__init__(mapping, before)
        self._turn = threading.Lock()

    @override
    def work(self) -> Iterable[int]:
        configured = (self.mapping.scaling_config or {}).get("MaximumConcurrency") or CONCURRENT_BATCHES
        return range(min(int(configured), current().pool.places))

    @override
    def step(self, what: int) -> bool:
        # One thread waits for messages; the others wait for their turn, which costs nothing.
        with self._turn:
            messages = [] if self.ending else self._batch()
        if messages:
            self._handle(messages)
        return True

    @property
    def _backend(self) -> Any:
        return sqs_backends[self.mapping.account_id][self.mapping.region]

    @property
    def _queue(self) -> Any:
        return self._backend.get_queue(self.mapping.source_name)

    def _batch(self) -> list[Message]:
        """Waits for the first message; then for more, until the batch is full or the window over."""
        size = self.mapping.batch_size
        messages = self._receive(size, WAIT_SECONDS)
        close = time.monotonic() + self.mapping.window
        while messages and len(messages) < size and (left := close - time.monotonic()) > 0:
            if self.ending or sum(len(m.body) + OVERHEAD for m in messages) > PAYLOAD / 2:
                break
            messages += self._receive(size - len(messages), left)
        return messages

    def _receive(self, count: int, seconds: float) -> list[Message]:
        queue, until = self._queue, time.monotonic() + seconds
        messages: list[Message] = []
        while not messages and not self.ending and (left := until - time.monotonic()) > 0:
            # A second at a time: a mapping that is disabled takes nothing more.
            messages = self._backend.receive_message(
                queue.name, count, min(left, 1.0), int(queue.visibility_timeout), ["All"]
            )
        return messages

    def _handle(self, messages: list[Message]) -> None:
        function, mapping = self.function(), self.mapping
        records = {str(message.id): self._record(message) for message in messages}
        wanted = {
            id_: record
            for id_, record in records.items()
            if filters.passes(mapping.filter_criteria, record, "body")
        }
        failed: set[str] = set()
        if wanted:
            outcome = self._call(function, list(wanted.values()))
            if current().aws.stopping.is_set() and (outcome is None or outcome.failed):
                return
            failed = self._failed(outcome, wanted)
            self.note(FAILED if outcome is None or outcome.failed else OK)
        # What a filter turned away is done with, as on AWS.
        self._delete([message for message in messages if str(message.id) not in failed])

    def _call(self, function: LocalFunction, records: Sequence[dict[str, Any]]) -> Outcome | None:
        """None for a batch that could not be handed over before its messages are visible again."""
        payload = json.dumps({"Records": records}).encode()
        pause, most = BACKOFF
        give_up = time.monotonic() + int(self._queue.visibility_timeout) - most
        while True:
            try:
                return execute(function, payload)
            except ThrottledError:
                if time.monotonic() + pause > give_up or self.ending:
                    return None
                self.stopped.wait(pause)
                pause = min(pause * 2, most)

    def _failed(self, outcome: Outcome | None, records: dict[str, Any]) -> set[str]:
        """Ids of the messages that become visible again when their time is over."""
        if outcome is None or outcome.failed:
            return set(records)
        if not self.mapping.reports_failures:
            return set()
        failed = reported_failures(outcome.payload)
        if failed is None or not failed <= set(records):
            return set(records)
        return failed

    def _delete(self, messages: Sequence[Message]) -> None:
        with current().aws.changing():
            for message in messages:
                try:
                    self._backend.delete_message(self.mapping.source_name, message.receipt_handle)
                except ReceiptHandleIsInvalid:
                    log.info("Message %s of %s was deleted before", message.id, self.mapping.source_name)

    def _record(self, message: Message) -> dict[str, Any]:
        attributes = {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "SentTimestamp": str(message.sent_timestamp),
            "SenderId": str(message.sender_id),
            "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
            "SequenceNumber": message.sequence_number,
            "MessageGroupId": message.group_id,
            "MessageDeduplicationId": message.deduplication_id,
        }
        return {
            "messageId": message.id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": {name: value for name, value in attributes.items() if value is not None},
            "messageAttributes": {n: _attribute(v) for n, v in (message.message_attributes or {}).items()},
            "md5OfBody": hashlib.md5(message.body.encode(), usedforsecurity=False).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": self.mapping.event_source_arn,
            "awsRegion": self.mapping.region,
        }


def reported_failures(payload: bytes) -> set[str] | None:
    """What a function says of its batch: identifiers of failed records; None where that cannot be read.

    An answer that is empty or names nothing means that all went well.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
    """
    try:
        answer = json.loads(payload or b"null")
    except ValueError:
        return None
    if not answer:
        return set()
    items = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if items is None:
        return set() if isinstance(answer, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return None
    named = [item.get("itemIdentifier") for item in items]
    return {str(name) for name in named} if all(named) else None


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    """An attribute as a record has it; AWS leaves these two lists empty."""
    text, binary = value.get("StringValue"), value.get("BinaryValue")
    found: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    if text is not None:
        found["stringValue"] = text
    if binary is not None:
        found["binaryValue"] = base64.b64encode(
            binary if isinstance(binary, bytes) else binary.encode()
        ).decode()
    return found | {"dataType": value["DataType"]}
