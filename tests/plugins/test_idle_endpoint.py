"""An endpoint goes when nobody has asked it for a while, and not before."""

import time
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from airflow.sdk.exceptions import AirflowSkipException

from millrace.context import run_of
from millrace.sensors import endpoint as module
from millrace.sensors.endpoint import IdleEndpointSensor


@pytest.fixture
def live(sagemaker, context, artifact, settings_now):
    """The name of an endpoint of the test's own that is in service."""
    context["dag_run"].dag_id = context["ti"].dag_id = "idle"
    name = run_of(context).resource_name
    container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/tiny:1", "ModelDataUrl": artifact(9)}
    sagemaker.create_model(
        ModelName=name, PrimaryContainer=container, ExecutionRoleArn=settings_now().role_arn
    )
    variant = {
        "VariantName": "main",
        "ModelName": name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    while sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Creating":
        time.sleep(0.05)
    yield name
    if sagemaker.list_endpoints(NameContains=name)["Endpoints"]:
        sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.delete_endpoint_config(EndpointConfigName=name)
    sagemaker.delete_model(ModelName=name)


@pytest.fixture
def clock(monkeypatch):
    """Lets the sensor look as many minutes later."""

    def later(minutes):
        class Clock(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(UTC) + timedelta(minutes=minutes)

        monkeypatch.setattr(module, "datetime", Clock)

    return later


def poke(context, minutes=2):
    return IdleEndpointSensor(task_id="idle", minutes=lambda _: minutes, aws_conn_id=None).poke(context)


def names(sagemaker, live):
    return [each["EndpointName"] for each in sagemaker.list_endpoints(NameContains=live)["Endpoints"]]


def ask(live):
    boto3.client("sagemaker-runtime").invoke_endpoint(EndpointName=live, ContentType="text/csv", Body=b"1,2")


def test_one_that_has_just_come_stays(context, live, sagemaker):
    assert poke(context) is False
    assert names(sagemaker, live) == [live]


def test_one_that_is_asked_stays_until_nobody_does(context, live, sagemaker, clock):
    ask(live)
    clock(2.5)
    assert poke(context, minutes=4) is False
    assert poke(context, minutes=3) is False
    clock(10)
    assert poke(context, minutes=3) is True
    assert names(sagemaker, live) == []


def test_the_form_may_keep_it(context, live, sagemaker):
    with pytest.raises(AirflowSkipException, match="stays up, as the run's form says"):
        poke(context, minutes=None)
    assert names(sagemaker, live) == [live]


def test_one_that_is_not_there_is_not_waited_for(context, sagemaker):
    context["dag_run"].dag_id = context["ti"].dag_id = "nothing"
    assert poke(context) is True
