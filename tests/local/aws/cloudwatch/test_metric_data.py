"""Metrics as clients read them: measured when they are asked for, put by clients, listed."""

import time
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.local.aws.firehose.account import LATER, Account


@pytest.fixture
def cloudwatch(client):
    return client("cloudwatch")


def of_queue(name, queue="q"):
    return {
        "Namespace": "AWS/SQS",
        "MetricName": name,
        "Dimensions": [{"Name": "QueueName", "Value": queue}],
    }


def window():
    now = datetime.now(UTC)
    return {"StartTime": now - timedelta(minutes=15), "EndTime": now + timedelta(minutes=1)}


def query(metric, stat="Maximum", **options):
    return {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}, **options}


def values(cloudwatch, *queries, **options):
    answer = cloudwatch.get_metric_data(MetricDataQueries=queries, **window(), **options)
    return {each["Id"]: each["Values"] for each in answer["MetricDataResults"]}


def test_a_queue_is_measured_when_somebody_asks(client, cloudwatch):
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    waiting = query(of_queue("ApproximateNumberOfMessagesVisible"))
    taken = query(of_queue("ApproximateNumberOfMessagesNotVisible"))
    assert values(cloudwatch, waiting)["m"][0] == 0
    for _ in range(3):
        sqs.send_message(QueueUrl=url, MessageBody="x")
    assert values(cloudwatch, waiting)["m"][0] == 3
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert values(cloudwatch, waiting)["m"][0] == 2
    assert values(cloudwatch, taken)["m"][0] == 1
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert values(cloudwatch, taken)["m"][0] == 0
    assert values(cloudwatch, query(of_queue("ApproximateNumberOfMessagesVisible", "other"))) == {"m": []}


def test_regions_have_queues_of_the_same_name(aws, client, cloudwatch):
    client("sqs").create_queue(QueueName="q")
    abroad = boto3.session.Session("anybody", "anything", region_name="eu-west-1")
    sqs, elsewhere = (abroad.client(name, endpoint_url=aws.endpoint_url) for name in ("sqs", "cloudwatch"))
    sqs.send_message(QueueUrl=sqs.create_queue(QueueName="q")["QueueUrl"], MessageBody="x")
    waiting = query(of_queue("ApproximateNumberOfMessagesVisible"))
    assert values(cloudwatch, waiting)["m"][0] == 0
    assert values(elsewhere, waiting)["m"][0] == 1


def test_what_a_delivery_stream_has_not_delivered_grows_old(aws, client, cloudwatch):
    account = Account(aws.endpoint_url).furnish()
    account.kinesis.create_stream(StreamName="events", ShardCount=1)
    account.make("late", source="events", BufferingHints=LATER)
    fresh, read = (
        query({"Namespace": namespace, "MetricName": name, "Dimensions": [{"Name": key, "Value": value}]})
        for namespace, name, key, value in (
            ("AWS/Firehose", "DeliveryToS3.DataFreshness", "DeliveryStreamName", "late"),
            ("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "StreamName", "events"),
        )
    )
    assert values(cloudwatch, fresh)["m"][0] == values(cloudwatch, read)["m"][0] == 0
    account.kinesis.put_record(StreamName="events", Data=b"x", PartitionKey="a")
    time.sleep(0.3)
    assert values(cloudwatch, fresh)["m"][0] >= 0.3
    assert values(cloudwatch, read)["m"][0] >= 300


def test_what_clients_put_has_percentiles_and_is_found_by_all_its_dimensions(cloudwatch):
    one, other = {"Name": "EndpointName", "Value": "e"}, {"Name": "VariantName", "Value": "main"}
    moment = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=3)
    data = [
        {"MetricName": "Latency", "Dimensions": [one, other], "Value": value, "Timestamp": moment}
        for value in range(1, 101)
    ]
    cloudwatch.put_metric_data(Namespace="Mine", MetricData=data)
    cloudwatch.put_metric_data(Namespace="Other", MetricData=data[:1])
    metric = {"Namespace": "Mine", "MetricName": "Latency", "Dimensions": [other, one]}
    assert values(cloudwatch, query(metric, "p99")) == {"m": [99]}
    assert values(cloudwatch, query(metric, "Sum")) == {"m": [5050]}
    assert values(cloudwatch, query({**metric, "Dimensions": [one]}, "Sum")) == {"m": []}
    [point] = cloudwatch.get_metric_statistics(
        **metric, **window(), Period=60, Statistics=["Average"], ExtendedStatistics=["p50", "p90"]
    )["Datapoints"]
    assert (point["Timestamp"], point["Average"]) == (moment, 50.5)
    assert point["ExtendedStatistics"] == {"p50": 50, "p90": 90}


def test_results_are_in_the_order_that_is_asked_for(cloudwatch):
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    for back in (2, 5):
        cloudwatch.put_metric_data(
            Namespace="Mine",
            MetricData=[{"MetricName": "a", "Value": back, "Timestamp": minute - timedelta(minutes=back)}],
        )
    asked = query({"Namespace": "Mine", "MetricName": "a"})
    assert values(cloudwatch, asked) == {"m": [2, 5]}
    assert values(cloudwatch, asked, ScanBy="TimestampAscending") == {"m": [5, 2]}
    quiet = {**asked, "ReturnData": False}
    assert values(cloudwatch, quiet, {"Id": "e", "Expression": "m"}) == {"e": [2, 5]}


@pytest.mark.parametrize(
    ("queries", "words"),
    [
        ([{"Id": "e", "Expression": "m1 + m2"}], "no metric math"),
        ([query(of_queue("ApproximateAgeOfOldestMessage"), "tm99")], "percentiles, not tm99"),
    ],
)
def test_what_is_not_there_is_refused(cloudwatch, queries, words):
    with pytest.raises(ClientError, match=words):
        cloudwatch.get_metric_data(MetricDataQueries=queries, **window())


def test_metrics_that_have_values_are_listed(client, cloudwatch):
    client("sqs").create_queue(QueueName="q")
    values(cloudwatch, query(of_queue("ApproximateAgeOfOldestMessage")))
    listed = cloudwatch.list_metrics(Namespace="AWS/SQS")["Metrics"]
    assert of_queue("ApproximateAgeOfOldestMessage") in listed
    assert len(listed) == 3
