"""What CloudWatch has of endpoints: invocations, faults, latencies, memory."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.sagemaker.account import IMAGE
from tests.local.conftest import connect

NAMESPACE = "AWS/SageMaker"


@pytest.fixture(scope="module")
def endpoint(account):
    container = {"Image": IMAGE}
    account.sagemaker.create_model(
        ModelName="echo", ExecutionRoleArn=account.role, PrimaryContainer=container
    )
    variant = {"VariantName": "main", "ModelName": "echo", "InstanceType": "ml.m5.large"}
    account.sagemaker.create_endpoint_config(
        EndpointConfigName="echo", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    account.sagemaker.create_endpoint(EndpointName="echo", EndpointConfigName="echo")
    assert account.served("echo")["EndpointStatus"] == "InService"
    return "echo"


@pytest.fixture(scope="module")
def statistic(server, endpoint):
    cloudwatch = connect(server.endpoint_url, "cloudwatch")

    def of(metric, stat="Sum", namespace=NAMESPACE):
        now = datetime.now(UTC)
        points = cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[
                {"Name": "EndpointName", "Value": endpoint},
                {"Name": "VariantName", "Value": "main"},
            ],
            StartTime=now - timedelta(minutes=30),
            EndTime=now + timedelta(minutes=1),
            Period=86400,
            **({"ExtendedStatistics": [stat]} if stat.startswith("p") else {"Statistics": [stat]}),
        )["Datapoints"]
        return [point.get(stat, point.get("ExtendedStatistics", {}).get(stat)) for point in points]

    return of


@pytest.fixture(scope="module")
def ask(server, endpoint):
    runtime = connect(server.endpoint_url, "sagemaker-runtime")

    def once(body, error=None, name=endpoint):
        with pytest.raises(ClientError, match=error) if error else nullcontext():
            runtime.invoke_endpoint(EndpointName=name, Body=body)

    return once


def test_invocations_faults_and_latencies_are_recorded(ask, statistic):
    assert statistic("Invocations") == []
    ask(b"hello")
    for body, error in ((b"404", "ModelError"), (b"500", "ModelError"), (b"die", "ServiceUnavailable")):
        ask(body, error)
    found = {
        metric: sum(statistic(metric))
        for metric in (
            *("Invocations", "Invocation4XXErrors", "Invocation5XXErrors"),
            *("InvocationModelErrors", "ModelLatency", "OverheadLatency"),
        )
    }
    assert (found["Invocations"], found["Invocation4XXErrors"], found["InvocationModelErrors"]) == (4, 1, 3)
    # What does not answer at all has failed too.
    assert found["Invocation5XXErrors"] == 2
    assert found["ModelLatency"] > 0
    assert found["OverheadLatency"] > 0
    [median] = statistic("ModelLatency", "p50")
    # Microseconds: an answer takes more than a tenth of a millisecond, and less than a minute.
    assert 100 < median < 60e6


def test_what_is_not_there_is_not_counted(ask, statistic):
    before = statistic("Invocations")
    ask(b"hello", "ValidationError", "none")
    assert statistic("Invocations") == before


def test_its_memory_is_a_share_of_the_machines(ask, statistic):
    ask(b"hello")
    [memory] = statistic("MemoryUtilization", "Maximum", "/aws/sagemaker/Endpoints")
    assert 0 < memory < 100
