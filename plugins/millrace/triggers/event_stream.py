"""One SQS long poll for every waiting task of a triggerer.

EventBridge sends state changes to one SNS topic; each triggerer process reads them
through a queue of its own, made when the stream opens and deleted when it closes, so
that several triggerers never take each other's messages. A message is deleted on
receipt: a task that missed one finds out by describing its job, which every trigger
does when it starts and again at long intervals.
"""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from botocore.exceptions import BotoCoreError, ClientError

from millrace.triggers.triggerer_queue import TriggererQueue, opened

log = logging.getLogger(__name__)

LONG_POLL_SECONDS = 20
RETRY_SECONDS = 5.0


@dataclass(frozen=True)
class StreamKey:
    """Triggers with the same key share one stream."""

    topic_arn: str
    queue_prefix: str
    aws_conn_id: str | None
    region_name: str | None


class EventStream:
    """The open stream of a key in this process, and the AWS clients that its triggers share."""

    _streams: ClassVar[dict[StreamKey, "EventStream"]] = {}

    def __init__(self, key: StreamKey) -> None:
        self.key = key
        self.subscribed = asyncio.Event()
        self._clients: dict[str, Any] = {}
        self._stack = AsyncExitStack()
        self._lock = asyncio.Lock()

    @classmethod
    def of(cls, key: StreamKey) -> "EventStream":
        """The stream of a key, whether it is open yet or not."""
        return cls._streams.setdefault(key, cls(key))

    async def client(self, service: str) -> Any:
        """An aiobotocore client, made once per service: loading a service model takes a tenth of a second."""
        async with self._lock:
            if service not in self._clients:
                hook = AwsGenericHook[Any](
                    aws_conn_id=self.key.aws_conn_id, region_name=self.key.region_name, client_type=service
                )
                self._clients[service] = await self._stack.enter_async_context(
                    await hook.get_async_conn()  # type: ignore[no-untyped-call]  # Airflow leaves it untyped
                )
            return self._clients[service]

    async def events(self) -> AsyncGenerator[dict[str, Any]]:
        """EventBridge events as they arrive, for as long as anybody listens.

        A queue that vanished is made anew; an outage of SQS is waited out.
        """
        try:
            while True:
                try:
                    async with self._queue() as queue, aclosing(self._receive(queue)) as events:
                        self.subscribed.set()
                        async for event in events:
                            yield event
                except (BotoCoreError, ClientError, OSError) as error:
                    log.warning("no events for %.0f s: %s", RETRY_SECONDS, error)
                    self.subscribed.clear()
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._streams.pop(self.key, None)
            await self.close()

    async def close(self) -> None:
        """Closes the clients."""
        await self._stack.aclose()

    @asynccontextmanager
    async def _queue(self) -> AsyncIterator[TriggererQueue]:
        sqs, sns = await self.client("sqs"), await self.client("sns")
        async with opened(sqs, sns, self.key.queue_prefix, self.key.topic_arn) as queue:
            yield queue

    async def _receive(self, queue: TriggererQueue) -> AsyncGenerator[dict[str, Any]]:
        while True:
            await queue.keep_alive()
            answer = await queue.sqs.receive_message(
                QueueUrl=queue.url, MaxNumberOfMessages=10, WaitTimeSeconds=LONG_POLL_SECONDS
            )
            messages = answer.get("Messages", [])
            if messages:
                entries = [
                    {"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)
                ]
                await queue.sqs.delete_message_batch(QueueUrl=queue.url, Entries=entries)
            for message in messages:
                if (event := parse_event(message["Body"])) is not None:
                    yield event


def parse_event(body: str) -> dict[str, Any] | None:
    """The EventBridge event in a message, or None (and a warning) if there is none in it."""
    try:
        event = json.loads(body)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        log.warning("not an EventBridge event, ignored: %.200r", body)
        return None
    return event
