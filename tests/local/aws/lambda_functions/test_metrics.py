"""What CloudWatch has of functions: each invocation, and how far behind those that read streams are."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.lambda_functions.account import until


def statistic(account, namespace, name, stat, **dimensions):
    """Of the last minutes; None where nothing was measured."""
    now = datetime.now(UTC)
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    query = {
        "Id": "m",
        "MetricStat": {
            "Metric": {"Namespace": namespace, "MetricName": name, "Dimensions": named},
            "Period": 3600,
            "Stat": stat,
        },
    }
    [found] = account.client("cloudwatch").get_metric_data(
        MetricDataQueries=[query], StartTime=now - timedelta(minutes=30), EndTime=now + timedelta(minutes=1)
    )["MetricDataResults"]
    return found["Values"][0] if found["Values"] else None


def of_function(account, name, metric, stat="Sum"):
    return statistic(account, "AWS/Lambda", metric, stat, FunctionName=name)


CODE = """
import time

def handler(event, context):
    if event == "fail":
        raise ValueError(event)
    time.sleep(event)
"""


def test_each_invocation_is_counted_and_timed(account):
    name = account.function(CODE)
    assert of_function(account, name, "Invocations") is None
    for event in (0.3, "fail", 0):
        account.invoke(name, event)
    found = {metric: of_function(account, name, metric) for metric in ("Invocations", "Errors", "Throttles")}
    assert found == {"Invocations": 3, "Errors": 1, "Throttles": 0}
    assert of_function(account, name, "Duration", "Maximum") >= 300
    assert of_function(account, name, "Duration", "p1") < 300
    assert of_function(account, name, "Duration", "SampleCount") == 3


def test_what_is_throttled_is_no_invocation(account):
    name = account.function(CODE)
    account.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequests"):
        account.invoke(name, 0)
    assert of_function(account, name, "Throttles") == 1
    assert of_function(account, name, "Invocations") is None


def test_a_function_that_fails_on_a_record_of_a_stream_has_an_age(account):
    kinesis = account.client("kinesis")
    kinesis.create_stream(StreamName="late", ShardCount=1)
    name = account.function(CODE)
    arn = kinesis.describe_stream_summary(StreamName="late")["StreamDescriptionSummary"]["StreamARN"]
    mapping = account.map(name, arn, StartingPosition="TRIM_HORIZON")
    # The event is no number of seconds: the function fails on it for ever.
    kinesis.put_record(StreamName="late", Data=b"x", PartitionKey="a")
    until(lambda: (of_function(account, name, "IteratorAge", "Maximum") or 0) > 500, "records wait")
    account.functions.delete_event_source_mapping(UUID=mapping)
