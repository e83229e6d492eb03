"""One SQS long poll for every waiting task of a triggerer.

EventBridge sends state changes to one SNS topic; each triggerer process reads them
through a queue of its own, so that several triggerers never take each other's messages.
An event is handed to the trigger that waits for it and to no other: its cost does not
grow with the number of tasks that wait. See docs/adr/0002.
"""

import asyncio
import json
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from include.settings import settings
from millrace.delays import growing
from millrace.errors import EXPIRED, code_of
from millrace.triggers.clients import Clients
from millrace.triggers.dead_letters import bury
from millrace.triggers.reconciliation import Reconciliation
from millrace.triggers.routing import Address, route
from millrace.triggers.triggerer_queue import Message, TriggererQueue, discard, is_gone, make

log = logging.getLogger(__name__)

FIRST_RETRY = timedelta(seconds=1)
LONGEST_RETRY = timedelta(seconds=30)

RENEWED_SECONDS = 5.0
"""For so long nobody asks for credentials anew."""

Mailbox = asyncio.Queue[Any]


@dataclass(frozen=True)
class StreamKey:
    """Triggers with the same key share one stream."""

    topic_arn: str
    queue_prefix: str
    aws_conn_id: str | None
    region_name: str | None

    @classmethod
    def of(cls, aws_conn_id: str | None, region_name: str | None) -> "StreamKey":
        """The key of a connection and region in this environment."""
        prefix = f"millrace-{settings().environment}-triggerer"
        return cls(settings().events_topic_arn, prefix, aws_conn_id, region_name)


class EventStream:
    """The open stream of a key in this process, and the AWS clients that its triggers share."""

    _streams: ClassVar[dict[StreamKey, "EventStream"]] = {}

    def __init__(self, key: StreamKey) -> None:
        self.key = key
        self.subscribed = asyncio.Event()
        self._reconciliation = Reconciliation(self)
        self._mailboxes: dict[Address, list[Mailbox]] = {}
        self._clients = Clients(key.aws_conn_id, key.region_name)
        self._renewed = -RENEWED_SECONDS

    @classmethod
    def of(cls, key: StreamKey) -> "EventStream":
        """The stream of a key, whether it is open yet or not."""
        return cls._streams.setdefault(key, cls(key))

    async def client(self, service: str) -> Any:
        """An AWS client that this process shares."""
        return await self._clients.get(service)

    async def take_note(self, error: Exception) -> None:
        """After an error that says that credentials have expired, the next client gets new ones."""
        # A thousand triggers learn of it at the same time.
        if _has_expired(error) and time.monotonic() - self._renewed > RENEWED_SECONDS:
            self._renewed = time.monotonic()
            await self._clients.renew()

    @contextmanager
    def mailbox(self, address: Address) -> Iterator[Mailbox]:
        """Where the news of an address arrives, for as long as the context lasts."""
        mailbox: Mailbox = asyncio.Queue()
        self._mailboxes.setdefault(address, []).append(mailbox)
        try:
            yield mailbox
        finally:
            self._mailboxes[address].remove(mailbox)
            if not self._mailboxes[address]:
                del self._mailboxes[address]

    def addresses(self) -> Sequence[Address]:
        """What is waited for."""
        return list(self._mailboxes)

    def deliver(self, address: Address, news: Any) -> bool:
        """Hands news to those who wait for them; False if nobody does."""
        mailboxes = self._mailboxes.get(address, [])
        for mailbox in mailboxes:
            mailbox.put_nowait(news)
        return bool(mailboxes)

    def _deliver_all(self, routed: Sequence[tuple[Address, Any]]) -> bool:
        delivered = [self.deliver(address, news) for address, news in routed]
        return any(delivered)

    async def run(self) -> None:
        """Receives and delivers for as long as anybody waits; ends by being cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive_for_ever())
                tasks.create_task(self._reconciliation.run())
        finally:
            self._streams.pop(self.key, None)
            await self._clients.renew()

    async def _receive_for_ever(self) -> NoReturn:
        """An outage is waited out with the queue kept; a queue that vanished is made anew."""
        queue: TriggererQueue | None = None
        failures = 0
        try:
            while True:
                try:
                    queue = queue or await self._open_queue()
                    await self._take(queue, await queue.receive())
                    failures = 0
                except (BotoCoreError, ClientError, OSError) as error:
                    failures += 1
                    if queue and (is_gone(error) or _has_expired(error)):
                        queue = await self._replace(queue, error)
                    await self._wait_out(error, failures)
        finally:
            if queue:
                await discard(queue, await self.client("sns"))

    async def _open_queue(self) -> TriggererQueue:
        sqs = await self.client("sqs")
        if url := settings().events_queue_url:
            queue = TriggererQueue(url, sqs)
        else:
            queue = await make(sqs, await self.client("sns"), self.key.queue_prefix, self.key.topic_arn)
        self.subscribed.set()
        return queue

    async def _replace(self, queue: TriggererQueue, error: Exception) -> TriggererQueue | None:
        """The same queue through a new client, or nothing where a new queue has to be made."""
        await self.take_note(error)
        if _has_expired(error):
            queue.sqs = await self.client("sqs")
            return queue
        self.subscribed.clear()
        await discard(queue, await self.client("sns"))
        return None

    async def _wait_out(self, error: Exception, failures: int) -> None:
        await self.take_note(error)
        delay = growing(FIRST_RETRY, failures, LONGEST_RETRY)
        log.warning("no events for %.0f s; jobs are listed instead: %s", delay.total_seconds(), error)
        await asyncio.sleep(delay.total_seconds())
        # What was announced meanwhile may be lost.
        self._reconciliation.soon()

    async def _take(self, queue: TriggererQueue, messages: Sequence[Message]) -> None:
        """Delivers first: a message whose deletion fails comes again, which does no harm."""
        done, for_others = [], []
        for message in messages:
            event = parse_event(message["Body"])
            if isinstance(event, str):
                if await bury(queue.sqs, message["Body"], event):
                    done.append(message)
            elif (routed := route(event)) and not self._deliver_all(routed) and queue.is_shared:
                for_others.append(message)
            else:
                done.append(message)
        await queue.delete(done)
        await queue.offer_again(for_others)


def parse_event(body: str) -> dict[str, Any] | str:
    """The EventBridge event in a message, or why there is none in it."""
    try:
        event = json.loads(body)
    except ValueError as error:
        return f"it is not JSON: {error}"
    if not isinstance(event, dict) or not {"source", "detail-type", "detail"} <= event.keys():
        return "it is not an EventBridge event: it has no source, detail-type and detail"
    return event


def _has_expired(error: Exception) -> bool:
    return isinstance(error, ClientError) and code_of(error) in EXPIRED
