"""The SQS queue of one triggerer process: made, kept alive by a tag, deleted, and swept if forgotten.

Where Airflow may not make queues, one that was made beforehand serves (``MILLRACE_EVENTS_QUEUE_URL``).
"""

import asyncio
import json
import logging
import os
import re
import socket
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

log = logging.getLogger(__name__)

SEEN = "millrace:seen"
"""Tag with the time, in seconds since the epoch, when a triggerer last said that it uses its queue."""
SEEN_EVERY_SECONDS = 300.0
STALE_AFTER_SECONDS = 3600.0
RETENTION_SECONDS = 3600
"""How long a message waits for a triggerer that is gone; its successor describes every job anyway."""
LONG_POLL_SECONDS = 20
MOST_OFFERS = 5
"""How often a message of a queue made beforehand is offered to the triggerers that may share it."""
OFFER_AGAIN_SECONDS = 1

Message = dict[str, Any]


@dataclass
class TriggererQueue:
    """A queue that is subscribed to the topic of job events.

    ``subscription`` is None for a queue that was made beforehand: it is neither tagged nor deleted, and
    other triggerers may read from it.
    """

    url: str
    sqs: Any
    subscription: str | None = None
    _seen: float = field(default_factory=time.time)

    @property
    def is_shared(self) -> bool:
        """Whether other triggerers may read from this queue."""
        return self.subscription is None

    async def receive(self) -> Sequence[Message]:
        """Up to ten messages, after a long poll; says every five minutes that the queue is in use."""
        if not self.is_shared and time.time() - self._seen > SEEN_EVERY_SECONDS:
            self._seen = time.time()
            await self.sqs.tag_queue(QueueUrl=self.url, Tags={SEEN: str(int(self._seen))})
        answer = await self.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=LONG_POLL_SECONDS,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        messages: list[Message] = answer.get("Messages", [])
        return messages

    async def delete(self, messages: Sequence[Message]) -> None:
        """Deletes messages that were received."""
        if messages:
            await self.sqs.delete_message_batch(QueueUrl=self.url, Entries=_entries(messages))

    async def offer_again(self, messages: Sequence[Message]) -> None:
        """Lets another triggerer have messages; those that nobody took several times are deleted."""
        unwanted = [message for message in messages if _offers(message) >= MOST_OFFERS]
        await self.delete(unwanted)
        wanted = [message for message in messages if message not in unwanted]
        if wanted:
            entries = [{**entry, "VisibilityTimeout": OFFER_AGAIN_SECONDS} for entry in _entries(wanted)]
            await self.sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)


async def make(sqs: Any, sns: Any, prefix: str, topic_arn: str) -> TriggererQueue:
    """A queue of this process; forgotten ones of the same prefix are deleted first.

    The calls are carried out as a whole: one that is cancelled on its way may be carried out all the same.
    """
    await sweep(sqs, sns, prefix, topic_arn)
    making = asyncio.ensure_future(_make(sqs, sns, prefix, topic_arn))
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        [made] = await asyncio.gather(making, return_exceptions=True)
        if isinstance(made, TriggererQueue):
            await discard(made, sns)
        raise


async def discard(queue: TriggererQueue, sns: Any) -> None:
    """Deletes a queue of ours; if AWS cannot be reached, a later triggerer sweeps it."""
    if queue.subscription is None:
        return
    try:
        await sns.unsubscribe(SubscriptionArn=queue.subscription)
        await queue.sqs.delete_queue(QueueUrl=queue.url)
    except (BotoCoreError, ClientError, OSError) as error:
        if not is_gone(error):
            log.warning("the queue %s stays until it is swept: %s", queue.url, error)


async def _make(sqs: Any, sns: Any, prefix: str, topic_arn: str) -> TriggererQueue:
    attributes = {"MessageRetentionPeriod": str(RETENTION_SECONDS)}
    tags = {SEEN: str(int(time.time()))}
    url = (await sqs.create_queue(QueueName=_name(prefix), Attributes=attributes, tags=tags))["QueueUrl"]
    try:
        arn = await _arn(sqs, url)
        await sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": _policy(arn, topic_arn)})
        answer = await sns.subscribe(
            TopicArn=topic_arn,
            Protocol="sqs",
            Endpoint=arn,
            Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )
    except BaseException:
        await sqs.delete_queue(QueueUrl=url)
        raise
    return TriggererQueue(url, sqs, answer["SubscriptionArn"])


async def sweep(sqs: Any, sns: Any, prefix: str, topic_arn: str) -> None:
    """Deletes the queues that killed triggerers left behind, and their subscriptions."""
    stale = set()
    async for page in sqs.get_paginator("list_queues").paginate(QueueNamePrefix=f"{prefix}-"):
        for url in page.get("QueueUrls", []):
            if await _is_stale(sqs, url):
                stale.add((url, await _arn(sqs, url)))
    if not stale:
        return
    log.info("deleting %d queue(s) that no triggerer has used for an hour", len(stale))
    arns = {arn for _, arn in stale}
    async for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn):
        for subscription in page["Subscriptions"]:
            if subscription["Endpoint"] in arns:
                await sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    for url, _ in stale:
        await sqs.delete_queue(QueueUrl=url)


async def _is_stale(sqs: Any, url: str) -> bool:
    """Whether nobody has used the queue for an hour; a queue that just went away is not ours to sweep."""
    try:
        tags = (await sqs.list_queue_tags(QueueUrl=url)).get("Tags", {})
    except ClientError as error:
        if is_gone(error):
            return False
        raise
    seen = tags.get(SEEN, "")
    return seen.isdigit() and time.time() - int(seen) > STALE_AFTER_SECONDS


def is_gone(error: Exception) -> bool:
    """Whether an error says that there is no such queue; SQS's two protocols spell it differently."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    return "NonExistentQueue" in code or "QueueDoesNotExist" in code


def _entries(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [
        {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
        for index, message in enumerate(messages)
    ]


def _offers(message: Message) -> int:
    return int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1))


async def _arn(sqs: Any, url: str) -> str:
    answer = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


def _name(prefix: str) -> str:
    """At most 80 letters, digits, hyphens and underscores."""
    host = re.sub(r"[^A-Za-z0-9_-]", "-", socket.gethostname())[:20]
    return f"{prefix}-{host}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def _policy(queue_arn: str, topic_arn: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
