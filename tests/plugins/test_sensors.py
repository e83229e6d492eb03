"""Sensors wait for what something else does, and stop nothing."""

import asyncio
import json

import boto3
import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from include.settings import settings
from millrace.jobs import PROCESSING
from millrace.sensors.job import JobCompletionSensor
from millrace.sensors.s3 import S3ObjectEventSensor
from millrace.triggers.object_event import ObjectEventTrigger
from tests.plugins.test_job_event_trigger import first_event, queues, until
from tests.plugins.test_job_operator import defer, wait


@pytest.fixture
def sensor(aws):
    def make(name):
        return JobCompletionSensor(task_id="sensor", kind=PROCESSING, job_name=name, aws_conn_id=None)

    return make


def trigger_of(task, context):
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context)
    return deferred.value.trigger


def test_a_job_that_is_over_needs_no_wait(operator, context, sagemaker, sensor):
    name = defer(operator(), context).name
    wait(sagemaker, name)
    result = sensor(name).execute(context)
    assert result["name"] == name
    assert result["outputs"]["report"].endswith("/report")


def test_a_job_that_failed_fails_the_sensor_for_good(operator, context, sagemaker, sensor):
    name = defer(operator("raise SystemExit(3)"), context).name
    wait(sagemaker, name)
    with pytest.raises(AirflowFailException, match=r"is Failed: .*exit code: 3"):
        sensor(name).execute(context)


@pytest.mark.parametrize("name", [None, "not-there-yet"])
def test_it_waits_for_a_job_that_runs_or_has_to_come_and_never_stops_it(
    operator, context, sagemaker, sensor, hold, name
):
    job = defer(operator(hold.code), context).name
    trigger = trigger_of(sensor(name or job), context)
    assert trigger.name == (name or job)
    assert not trigger.owned
    asyncio.run(trigger.on_kill())
    assert sagemaker.describe_processing_job(ProcessingJobName=job)["ProcessingJobStatus"] == "InProgress"


def test_it_leads_to_the_job(operator, context, sagemaker, sensor):
    name = defer(operator(), context).name
    wait(sagemaker, name)
    task = sensor(name)
    task.execute(context)
    [job, log] = [link.get_link(task, ti_key=None) for link in task.operator_extra_links]
    assert job.endswith(f"/_millrace/jobs/processing-jobs/{name}")
    assert log == f"{job}#log"


@pytest.fixture
def put(s3):
    def write(key, body=b"abc"):
        s3.put_object(Bucket=settings().bucket, Key=key, Body=body)
        return f"s3://{settings().bucket}/{key}"

    return write


def object_trigger(uri, context):
    sensor = S3ObjectEventSensor(task_id="sensor", uri=uri, aws_conn_id=None)
    return sensor, trigger_of(sensor, context)


@pytest.mark.parametrize(
    ("key", "uri"),
    [
        ("here/a.csv", "here/a.csv"),
        ("folder/deep/b.csv", "folder/"),
        ("pattern/2026-01-01/c.csv", "pattern/*/c.csv"),
        ("odd/a b+c%20[1].csv", "odd/"),
    ],
)
def test_an_object_that_is_there_ends_the_wait(put, context, key, uri):
    expected = put(key)
    sensor, trigger = object_trigger(f"s3://{settings().bucket}/{uri}", context)
    payload = asyncio.run(first_event(trigger)).payload
    assert payload["uri"] == expected
    assert payload["size"] == 3
    assert len(payload["etag"]) == 32
    assert sensor.found(context, payload) == payload
    assert sensor.links["Output"].startswith("http://127.0.0.1")


def created(key, bucket=None):
    detail = {"bucket": {"name": bucket or settings().bucket}, "object": {"key": key, "size": 7, "etag": "e"}}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}


def test_only_a_matching_object_ends_the_wait(context, aws, monkeypatch):
    _, trigger = object_trigger(f"s3://{settings().bucket}/later/*.csv", context)
    sns = boto3.client("sns")

    async def scenario():
        waiting = asyncio.create_task(first_event(trigger))
        await until(queues)
        await asyncio.sleep(0.3)
        for event in (created("later/a.txt"), created("later/a.csv", "another-bucket"), created("later/")):
            sns.publish(TopicArn=settings().events_topic_arn, Message=json.dumps(event))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        sns.publish(
            TopicArn=settings().events_topic_arn, Message=json.dumps(created("later/some file+1.csv"))
        )
        return await waiting

    payload = asyncio.run(scenario()).payload
    assert payload == {"uri": f"s3://{settings().bucket}/later/some file+1.csv", "size": 7, "etag": "e"}


def test_an_object_whose_event_was_lost_is_found(context, put, monkeypatch):
    monkeypatch.setenv("MILLRACE_RECONCILE_SECONDS", "1")
    settings.cache_clear()
    _, trigger = object_trigger(f"s3://{settings().bucket}/unheard/of.csv", context)

    async def scenario():
        waiting = asyncio.create_task(first_event(trigger))
        await until(queues)
        await asyncio.to_thread(put, "unheard/of.csv")
        return await waiting

    assert asyncio.run(scenario()).payload["uri"].endswith("/unheard/of.csv")
    settings.cache_clear()


def test_the_trigger_survives_serialization(aws):
    trigger = ObjectEventTrigger("s3://a-bucket/a/*", aws_conn_id=None)
    path, kwargs = trigger.serialize()
    assert path == "millrace.triggers.object_event.ObjectEventTrigger"
    assert ObjectEventTrigger(**kwargs).serialize() == (path, kwargs)


def test_what_is_no_uri_is_refused():
    with pytest.raises(ValueError, match="not an S3 URI"):
        ObjectEventTrigger("bucket/key")
