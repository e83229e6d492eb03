"""The SQS queue of one triggerer process: made, kept alive by a tag, deleted, and swept if forgotten."""

import asyncio
import json
import logging
import os
import re
import socket
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

log = logging.getLogger(__name__)

SEEN = "millrace:seen"
"""Tag with the time, in seconds since the epoch, when a triggerer last said that it uses its queue."""
SEEN_EVERY_SECONDS = 300.0
STALE_AFTER_SECONDS = 3600.0
RETENTION_SECONDS = 3600
"""How long a message waits for a triggerer that is gone; its successor describes every job anyway."""


@dataclass
class TriggererQueue:
    """A queue that is subscribed to the topic of job events."""

    url: str
    sqs: Any
    _seen: float = field(default_factory=time.time)

    async def keep_alive(self) -> None:
        """Says that the queue is in use, every five minutes; called between polls."""
        if time.time() - self._seen > SEEN_EVERY_SECONDS:
            self._seen = time.time()
            await self.sqs.tag_queue(QueueUrl=self.url, Tags={SEEN: str(int(self._seen))})


@asynccontextmanager
async def opened(sqs: Any, sns: Any, prefix: str, topic_arn: str) -> AsyncIterator[TriggererQueue]:
    """A queue for as long as the context lasts; forgotten ones of the same prefix are deleted first."""
    await sweep(sqs, sns, prefix, topic_arn)
    making = asyncio.ensure_future(_make(sqs, sns, prefix, topic_arn))
    try:
        # Shielded: a call that is cancelled on its way may be carried out all the same.
        url, _ = await asyncio.shield(making)
        yield TriggererQueue(url, sqs)
    finally:
        [made] = await asyncio.gather(making, return_exceptions=True)
        if not isinstance(made, BaseException):
            url, subscription = made
            await sns.unsubscribe(SubscriptionArn=subscription)
            await sqs.delete_queue(QueueUrl=url)


async def _make(sqs: Any, sns: Any, prefix: str, topic_arn: str) -> tuple[str, str]:
    """Makes a queue and subscribes it; the queue's URL and the subscription's ARN."""
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
    return url, answer["SubscriptionArn"]


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
        if "NonExistentQueue" in error.response["Error"]["Code"]:
            return False
        raise
    seen = tags.get(SEEN, "")
    return seen.isdigit() and time.time() - int(seen) > STALE_AFTER_SECONDS


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
