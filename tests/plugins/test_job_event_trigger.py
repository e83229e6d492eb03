"""Join, describe, wait: against an AWS whose events really travel EventBridge -> SNS -> SQS."""

import asyncio
import time
from datetime import timedelta
from types import SimpleNamespace

import boto3
import pytest
import structlog
from airflow.sdk.execution_time import task_runner
from airflow.triggers.shared_stream import SharedStreamManager

from include.settings import settings
from millrace.jobs import PROCESSING
from millrace.triggers import stopping
from millrace.triggers.event_stream import EventStream, parse_event
from millrace.triggers.job_event import JobEventTrigger
from tests.plugins.test_job_operator import defer, wait


def trigger_for(name):
    return JobEventTrigger(PROCESSING.name, name, aws_conn_id=None)


async def first_event(trigger):
    return await asyncio.wait_for(anext(aiter(trigger.run())), timeout=20)


def queues():
    return boto3.client("sqs").list_queues(QueueNamePrefix="millrace-local-triggerer").get("QueueUrls", [])


async def until(condition):
    """Lets the loop run until something is so."""
    for _ in range(500):
        if await asyncio.to_thread(condition):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came")


@pytest.fixture
def no_reconciliation(monkeypatch):
    """Only an event can end a wait."""
    monkeypatch.setenv("MILLRACE_RECONCILE_SECONDS", "3600")
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_it_fires_on_the_event_of_its_job(operator, context, hold, no_reconciliation):
    trigger = defer(operator(hold.code), context)

    async def scenario():
        waiting = asyncio.create_task(first_event(trigger))
        await until(queues)
        assert not waiting.done()
        hold.release()
        return await waiting

    assert asyncio.run(scenario()).payload == {"name": trigger.name}


def test_an_event_before_it_joined_is_not_missed(operator, context, sagemaker, no_reconciliation):
    trigger = defer(operator(), context)
    wait(sagemaker, trigger.name)
    assert asyncio.run(first_event(trigger)).payload == {"name": trigger.name}


def test_a_job_that_is_not_there_wakes_the_task(aws, no_reconciliation):
    """The worker says so better than a trigger that waits for ever."""
    assert asyncio.run(first_event(trigger_for("never-started"))).payload == {"name": "never-started"}


def test_an_event_that_aws_never_sent_is_made_good(operator, context, hold, monkeypatch):
    monkeypatch.setenv("MILLRACE_RECONCILE_SECONDS", "1")
    settings.cache_clear()
    trigger = defer(operator(hold.code), context)
    monkeypatch.setattr("millrace.triggers.event_stream.route", lambda event: [])

    async def scenario():
        waiting = asyncio.create_task(first_event(trigger))
        await until(queues)
        hold.release()
        return await waiting

    assert asyncio.run(scenario()).payload == {"name": trigger.name}


def test_the_queue_is_gone_when_nobody_waits(operator, context, hold):
    trigger = defer(operator(hold.code), context)

    async def scenario():
        waiting = asyncio.create_task(first_event(trigger))
        await until(queues)
        waiting.cancel()
        await asyncio.wait({waiting})

    asyncio.run(scenario())
    assert queues() == []
    topic = boto3.client("sns").list_subscriptions()["Subscriptions"]
    assert [s for s in topic if "triggerer" in s["Endpoint"]] == []


def test_waiting_tasks_share_one_queue(operator, context, hold, no_reconciliation):
    """The way the triggerer drives them."""
    context["ti"].map_index = 0
    triggers = []
    for index in range(5):
        context["ti"].map_index = index
        context["task_state_store"].clear()
        triggers.append(defer(operator(hold.code), context))

    async def scenario():
        manager = SharedStreamManager(
            log=structlog.get_logger(),
            max_subscriber_queue=100,
            ack_timeout=60,
            cohort_grace_period=0,
        )

        async def drive(number, trigger):
            stream = manager.subscribe(trigger_id=number, trigger=trigger, key=trigger.shared_stream_key())
            return await anext(trigger.filter_shared_stream(stream))

        waiting = [asyncio.create_task(drive(n, t)) for n, t in enumerate(triggers)]
        await until(queues)
        seen = len(queues())
        hold.release()
        events = await asyncio.wait_for(asyncio.gather(*waiting), timeout=20)
        await manager.stop_all()
        return seen, events

    seen, events = asyncio.run(scenario())
    assert seen == 1
    assert {event.payload["name"] for event in events} == {trigger.name for trigger in triggers}


@pytest.mark.parametrize("body", ["", "not json", "[]", '"text"', "{}"])
def test_a_message_that_is_no_event_says_why(body):
    assert parse_event(body).startswith("it is not")


def test_a_deleted_queue_is_made_anew(operator, context, hold, no_reconciliation, monkeypatch):
    monkeypatch.setattr("millrace.triggers.event_stream.FIRST_RETRY", timedelta(seconds=0.1))
    trigger = defer(operator(hold.code), context)

    async def scenario():
        waiting = asyncio.create_task(first_event(trigger))
        await until(queues)
        (old,) = queues()
        boto3.client("sqs").delete_queue(QueueUrl=old)
        await until(lambda: queues() and queues() != [old])
        await until(lambda: subscribed(queues()[0]))
        hold.release()
        return await waiting

    def subscribed(queue):
        name = queue.rsplit("/", 1)[1]
        return any(name in s["Endpoint"] for s in boto3.client("sns").list_subscriptions()["Subscriptions"])

    assert asyncio.run(scenario()).payload == {"name": trigger.name}


@pytest.fixture
def task_state(monkeypatch):
    """What the triggerer's supervisor answers about the task."""

    def be(state, trigger):
        async def asend(message):
            states = {message.run_ids[0]: {message.task_ids[0]: state}} if state else {}
            return SimpleNamespace(task_states=states)

        monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", SimpleNamespace(asend=asend), raising=False)
        trigger.task_instance = SimpleNamespace(dag_id="testing", run_id="r", task_id="step", map_index=-1)

    return be


@pytest.mark.parametrize("state", ["failed", "success", "skipped", "removed", None])
def test_a_task_that_a_user_ended_stops_its_job(operator, context, sagemaker, hold, task_state, state):
    trigger = defer(operator(hold.code), context)
    task_state(state, trigger)
    asyncio.run(trigger.on_kill())
    assert wait(sagemaker, trigger.name) == "Stopped"


@pytest.mark.parametrize("state", ["deferred", "scheduled", "queued", "running", "up_for_retry"])
def test_a_task_that_goes_on_keeps_its_job(operator, context, sagemaker, hold, task_state, state):
    """A triggerer that was suspended, or lost its claim, also calls on_kill."""
    trigger = defer(operator(hold.code), context)
    task_state(state, trigger)
    asyncio.run(trigger.on_kill())
    time.sleep(0.1)
    assert (
        sagemaker.describe_processing_job(ProcessingJobName=trigger.name)["ProcessingJobStatus"]
        == "InProgress"
    )


def test_airflow_does_not_wait_for_the_end_of_a_kill(operator, context, sagemaker, hold, task_state):
    """It cancels a trigger again a second later; every job is stopped all the same."""
    triggers = []
    for index in range(5):
        context["ti"].map_index = index
        context["task_state_store"].clear()
        triggers.append(defer(operator(hold.code), context))
        task_state("failed", triggers[-1])

    async def scenario():
        kills = [asyncio.create_task(trigger.on_kill()) for trigger in triggers]
        await asyncio.sleep(0.01)
        for kill in kills:
            kill.cancel()
        await asyncio.wait(kills)
        assert all(kill.cancelled() for kill in kills)
        await until(lambda: all(status(trigger) != "InProgress" for trigger in triggers))
        await until(lambda: not stopping._under_way)

    def status(trigger):
        return sagemaker.describe_processing_job(ProcessingJobName=trigger.name)["ProcessingJobStatus"]

    asyncio.run(scenario())
    assert {wait(sagemaker, trigger.name) for trigger in triggers} == {"Stopped"}
    assert stopping._shared == {}


def test_a_kill_that_fails_is_told(operator, context, hold, task_state, monkeypatch, caplog):
    async def refuse(*_):
        raise RuntimeError("no way to AWS")

    monkeypatch.setattr(stopping, "_describe", refuse)
    trigger = defer(operator(hold.code), context)
    task_state("failed", trigger)
    with pytest.raises(RuntimeError, match="no way to AWS"):
        asyncio.run(trigger.on_kill())
    assert "stop it by hand" in caplog.text


def test_stopping_a_job_that_is_over_is_no_error(operator, context, sagemaker, task_state):
    trigger = defer(operator(), context)
    wait(sagemaker, trigger.name)
    task_state("failed", trigger)
    asyncio.run(trigger.on_kill())
    description = sagemaker.describe_processing_job(ProcessingJobName=trigger.name)
    assert description["ProcessingJobStatus"] == "Completed"


def test_a_trigger_survives_serialization():
    path, kwargs = trigger_for("a").serialize()
    assert path == "millrace.triggers.job_event.JobEventTrigger"
    assert JobEventTrigger(**kwargs).serialize() == (path, kwargs)


def test_no_stream_is_left_open():
    assert EventStream._streams == {}
