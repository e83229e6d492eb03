"""What the stream survives: repeated, reordered, foreign and unreadable messages; queues that others read."""

import asyncio
import json

import boto3
import pytest
from airflow.sdk.observability import stats

from include.settings import settings
from millrace.jobs import PROCESSING
from millrace.triggers.dead_letters import COUNTER
from millrace.triggers.event_stream import EventStream, StreamKey
from millrace.triggers.job_event import JobEventTrigger
from millrace.triggers.routing import route
from tests.plugins.test_job_event_trigger import first_event, queues, until
from tests.plugins.test_job_operator import defer, wait


def event(name, status, **changes):
    detail = {"ProcessingJobName": name, "ProcessingJobStatus": status}
    shape = {"source": "aws.sagemaker", "detail-type": PROCESSING.event.detail_type, "detail": detail}
    return shape | changes


def publish(body):
    text = body if isinstance(body, str) else json.dumps(body)
    boto3.client("sns").publish(TopicArn=settings().events_topic_arn, Message=text)


@pytest.fixture
def configured(aws, monkeypatch):
    """Sets variables of the deployment; without a word about it, lost events stay lost."""

    def configure(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(f"MILLRACE_{name.upper()}", value)
        settings.cache_clear()

    configure(reconcile_seconds="3600")
    yield configure
    settings.cache_clear()


@pytest.fixture
def queue(aws):
    """Makes a queue that is subscribed to the events topic; its URL."""
    sqs, made = boto3.client("sqs"), []

    def make(name, subscribed=True):
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        made.append(url)
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        if subscribed:
            boto3.client("sns").subscribe(
                TopicArn=settings().events_topic_arn,
                Protocol="sqs",
                Endpoint=arn,
                Attributes={"RawMessageDelivery": "true"},
            )
        return url

    yield make
    for url in made:
        sqs.delete_queue(QueueUrl=url)


def run_waiting(trigger, act):
    """Lets a trigger wait, acts, and gives what `act` says once the trigger has fired."""

    async def scenario():
        waiting = asyncio.create_task(first_event(trigger))
        said = await act(waiting)
        await waiting
        return said

    return asyncio.run(scenario())


def test_what_does_not_end_the_job_does_not_end_the_wait(operator, context, hold, configured):
    trigger = defer(operator(hold.code), context)

    async def act(waiting):
        await until(queues)
        await asyncio.sleep(0.3)
        for body in (
            event(trigger.name, "InProgress"),
            event("another-job", "Completed"),
            event(trigger.name, "Completed", source="aws.glue"),
            {"source": "aws.sagemaker", "detail-type": "Something New", "detail": {"a": 1}},
            event(trigger.name, "Completed", detail=["not", "a", "mapping"]),
            event(trigger.name, None),
        ):
            publish(body)
        await asyncio.sleep(0.5)
        assert not waiting.done()
        for status in ("Completed", "InProgress", "Completed"):
            publish(event(trigger.name, status))

    run_waiting(trigger, act)


def test_an_unreadable_message_is_counted_and_kept_with_the_reason(
    operator, context, hold, configured, queue, monkeypatch
):
    dead = queue("millrace-test-dead-letters", subscribed=False)
    configured(dead_letters_queue_url=dead)
    counted = []
    monkeypatch.setattr(stats, "incr", counted.append)
    trigger = defer(operator(hold.code), context)

    async def act(waiting):
        await until(queues)
        await asyncio.sleep(0.3)
        publish("{ this is no JSON")
        publish({"hello": "world"})
        await until(lambda: len(counted) == 2)
        hold.release()

    run_waiting(trigger, act)
    assert counted == [COUNTER, COUNTER]
    received = boto3.client("sqs").receive_message(
        QueueUrl=dead, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )["Messages"]
    reasons = {m["Body"]: m["MessageAttributes"]["reason"]["StringValue"] for m in received}
    assert "not JSON" in reasons["{ this is no JSON"]
    assert "not an EventBridge event" in reasons['{"hello": "world"}']


def test_an_unreadable_message_waits_for_a_dead_letter_queue_that_is_not_there(
    operator, context, hold, configured, queue, caplog
):
    """It holds up nobody: the event behind it is delivered."""
    url = queue("millrace-test-made-beforehand")
    configured(dead_letters_queue_url=f"{url}-missing", events_queue_url=url)
    trigger = defer(operator(hold.code), context)

    async def act(waiting):
        await asyncio.sleep(0.3)
        publish("{ this is no JSON")
        await until(lambda: "takes no message" in caplog.text)
        hold.release()

    run_waiting(trigger, act)
    assert "no events for" not in caplog.text
    sqs = boto3.client("sqs")
    depth = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert depth["ApproximateNumberOfMessagesNotVisible"] == "1", depth


def test_a_queue_made_beforehand_is_read_and_left(operator, context, hold, configured, queue):
    url = queue("millrace-test-made-beforehand")
    configured(events_queue_url=url)
    trigger = defer(operator(hold.code), context)

    async def act(waiting):
        await asyncio.sleep(0.5)
        assert queues() == []
        hold.release()

    run_waiting(trigger, act)
    attributes = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0"


def test_triggerers_that_share_a_queue_pass_on_what_is_not_theirs(
    operator, context, hold, configured, queue, monkeypatch
):
    """One stream waits for the job, the other for a job that never ends; either may receive the message."""
    configured(events_queue_url=queue("millrace-test-shared"))
    monkeypatch.setattr("millrace.triggers.triggerer_queue.OFFER_AGAIN_SECONDS", 0)
    monkeypatch.setattr("millrace.triggers.triggerer_queue.LONG_POLL_SECONDS", 1)
    trigger = defer(operator(hold.code), context)
    offered = []

    async def scenario():
        other = EventStream(StreamKey.of(None, "us-east-1"))
        passing_on = asyncio.create_task(other.run())
        await asyncio.wait_for(other.subscribed.wait(), 10)
        original = EventStream.deliver

        def deliver(stream, address, news):
            offered.append(stream is other)
            return original(stream, address, news)

        monkeypatch.setattr(EventStream, "deliver", deliver)
        publish(event("somebody-elses", "Completed"))
        # Nobody else reads yet: the other stream sees it again and again, and gives up.
        await until(lambda: len(offered) >= 5)
        waiting = asyncio.create_task(first_event(trigger))
        hold.release()
        await waiting
        passing_on.cancel()
        await asyncio.wait({passing_on})

    asyncio.run(scenario())
    assert offered.count(True) >= 5


def test_a_stream_that_breaks_breaks_its_triggers(operator, context, hold, configured, monkeypatch):
    """What nobody foresaw fails the tasks, whose retries adopt their jobs; nobody waits in silence."""
    trigger = defer(operator(hold.code), context)

    async def broken(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(EventStream, "_take", broken)

    async def act(waiting):
        await until(queues)
        await asyncio.sleep(0.3)
        publish(event("another-job", "Completed"))

    # The job goes on meanwhile: what ends the wait is the stream.
    with pytest.raises(ExceptionGroup, match="unhandled") as group:
        run_waiting(trigger, act)
    assert "a bug" in str(group.value.exceptions)
    hold.release()


def test_a_job_that_is_not_owned_may_still_have_to_come(operator, context, sagemaker, hold, configured):
    """The same wait, begun before the job is started."""
    task = operator(hold.code)
    trigger = defer(task, context)
    sensor = JobEventTrigger(PROCESSING.name, "not-there-yet", aws_conn_id=None, owned=False)

    async def act(waiting):
        await until(queues)
        await asyncio.sleep(0.3)
        assert not waiting.done()
        publish(event("not-there-yet", "Failed"))

    run_waiting(sensor, act)
    hold.release()
    wait(sagemaker, trigger.name)


@pytest.mark.parametrize(
    "odd", [{}, {"source": ["a"]}, {"source": "aws.s3", "detail-type": "Object Created", "detail": 3}]
)
def test_odd_events_are_routed_nowhere(odd):
    assert route({"detail-type": "Object Created", "detail": {}} | odd) == []
