"""A triggerer's queue: tagged while it lives, swept when it was forgotten."""

import asyncio
import time
from contextlib import asynccontextmanager

import boto3
import pytest
from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook

from include.settings import settings
from millrace.triggers import triggerer_queue
from millrace.triggers.triggerer_queue import SEEN, STALE_AFTER_SECONDS, discard, make

PREFIX = "millrace-sweeping-triggerer"


@pytest.fixture
def sqs(aws):
    return boto3.client("sqs")


@pytest.fixture
def leave(sqs):
    """A queue as a killed triggerer leaves it: subscribed, and last seen so many seconds ago."""

    def make(name, seconds_ago):
        tags = {SEEN: str(int(time.time() - seconds_ago))} if seconds_ago is not None else {}
        url = sqs.create_queue(QueueName=f"{PREFIX}-{name}", tags=tags)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        boto3.client("sns").subscribe(TopicArn=settings().events_topic_arn, Protocol="sqs", Endpoint=arn)
        return name

    yield make
    for url in sqs.list_queues(QueueNamePrefix=PREFIX).get("QueueUrls", []):
        sqs.delete_queue(QueueUrl=url)


def names(sqs):
    urls = sqs.list_queues(QueueNamePrefix=PREFIX).get("QueueUrls", [])
    return {url.rpartition("/")[2].removeprefix(f"{PREFIX}-") for url in urls}


def subscribed():
    found = boto3.client("sns").list_subscriptions_by_topic(TopicArn=settings().events_topic_arn)
    return {s["Endpoint"].rpartition(":")[2].removeprefix(f"{PREFIX}-") for s in found["Subscriptions"]}


@asynccontextmanager
async def clients():
    hooks = [AwsGenericHook(aws_conn_id=None, client_type=service) for service in ("sqs", "sns")]
    async with (
        await hooks[0].get_async_conn() as sqs,
        await hooks[1].get_async_conn() as sns,
    ):
        yield sqs, sns


@asynccontextmanager
async def open_queue(sqs, sns):
    queue = await make(sqs, sns, PREFIX, settings().events_topic_arn)
    try:
        yield queue
    finally:
        await discard(queue, sns)


def inside(look):
    """What `look` sees while a queue is open."""

    async def scenario():
        async with clients() as (sqs, sns), open_queue(sqs, sns) as queue:
            return await look(queue)

    return asyncio.run(scenario())


def test_forgotten_queues_are_swept_with_their_subscriptions(sqs, leave):
    old, young, foreign = (
        leave("old", STALE_AFTER_SECONDS + 60),
        leave("young", STALE_AFTER_SECONDS - 60),
        leave("foreign", None),
    )

    async def look(queue):
        return names(sqs), subscribed()

    queues, subscriptions = inside(look)
    for found in (queues, subscriptions):
        assert old not in found
        assert {young, foreign} <= found
    assert len(queues) == 3


def test_nothing_of_it_is_left_when_it_closes(sqs, leave):
    async def look(queue):
        return names(sqs)

    assert len(inside(look)) == 1
    assert names(sqs) == set()


def test_it_says_now_and_then_that_it_is_in_use(sqs, leave, monkeypatch):
    monkeypatch.setattr(triggerer_queue, "SEEN_EVERY_SECONDS", 0.5)
    monkeypatch.setattr(triggerer_queue, "LONG_POLL_SECONDS", 0)

    async def look(queue):
        def seen():
            return int(sqs.list_queue_tags(QueueUrl=queue.url)["Tags"][SEEN])

        first = seen()
        await queue.receive()
        unchanged = seen()
        await asyncio.sleep(1.2)
        await queue.receive()
        return first, unchanged, seen()

    first, unchanged, last = inside(look)
    assert first == unchanged < last


@pytest.mark.parametrize("moment", range(0, 250, 10))
def test_being_cancelled_while_it_opens_leaves_nothing(sqs, moment):
    """Whatever call is on its way at that moment, milliseconds after the start."""
    before = subscribed()

    async def use(*of_aws):
        async with open_queue(*of_aws):
            await asyncio.sleep(60)

    async def scenario():
        async with clients() as of_aws:
            using = asyncio.create_task(use(*of_aws))
            await asyncio.sleep(moment / 1000)
            using.cancel()
            await asyncio.wait({using})

    asyncio.run(scenario())
    assert names(sqs) == set()
    assert subscribed() == before
