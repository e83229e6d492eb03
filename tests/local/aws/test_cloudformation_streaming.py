"""Streams, delivery streams and schedules of a stack: made, changed, replaced, taken away."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.test_cloudformation import resource, template

SERVICES = ("firehose", "kinesis", "scheduler")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": [f"{name}.amazonaws.com" for name in SERVICES]},
            "Action": "sts:AssumeRole",
        }
    ],
}
ROLE = {"Fn::GetAtt": ["Role", "Arn"]}


def stack(shards: int, seconds: str, expression: str, name: str = "raw") -> str:
    made = json.loads(
        template(
            Role=resource("IAM::Role", RoleName="streams", AssumeRolePolicyDocument=TRUST),
            Bucket=resource("S3::Bucket", BucketName="raw"),
            Stream=resource("Kinesis::Stream", Name="events", ShardCount=shards, RetentionPeriodHours=48),
            Delivery=resource(
                "KinesisFirehose::DeliveryStream",
                DeliveryStreamName=name,
                DeliveryStreamType="KinesisStreamAsSource",
                KinesisStreamSourceConfiguration={
                    "KinesisStreamARN": {"Fn::GetAtt": ["Stream", "Arn"]},
                    "RoleARN": ROLE,
                },
                ExtendedS3DestinationConfiguration={
                    "BucketARN": {"Fn::GetAtt": ["Bucket", "Arn"]},
                    "RoleARN": ROLE,
                    "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": seconds},
                    "CompressionFormat": "GZIP",
                },
                Tags=[{"Key": "team", "Value": "amp"}],
            ),
            Schedule=resource(
                "Scheduler::Schedule",
                Name="hourly",
                ScheduleExpression=expression,
                FlexibleTimeWindow={"Mode": "OFF"},
                Target={
                    "Arn": {"Fn::GetAtt": ["Stream", "Arn"]},
                    "RoleArn": ROLE,
                    "KinesisParameters": {"PartitionKey": "key"},
                },
            ),
        )
    )
    made["Outputs"] = {
        "Stream": {"Value": {"Ref": "Stream"}},
        "Delivery": {"Value": {"Fn::GetAtt": ["Delivery", "Arn"]}},
        "Schedule": {"Value": {"Fn::GetAtt": ["Schedule", "Arn"]}},
    }
    return json.dumps(made)


def test_a_stack_of_streams_is_made_changed_replaced_and_taken_away(client: Any) -> None:
    cloudformation, kinesis, firehose, scheduler = map(
        client, ("cloudformation", *SERVICES[1::-1], SERVICES[2])
    )

    def described(name: str) -> Any:
        return firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]

    cloudformation.create_stack(StackName="s", TemplateBody=stack(1, "60", "rate(1 hour)"))
    outputs = cloudformation.describe_stacks(StackName="s")["Stacks"][0]["Outputs"]
    assert {one["OutputKey"]: one["OutputValue"] for one in outputs} == {
        "Stream": "events",
        "Delivery": described("raw")["DeliveryStreamARN"],
        "Schedule": "arn:aws:scheduler:us-east-1:123456789012:schedule/default/hourly",
    }
    summary = kinesis.describe_stream_summary(StreamName="events")["StreamDescriptionSummary"]
    assert (summary["OpenShardCount"], summary["RetentionPeriodHours"]) == (1, 48)
    hints = described("raw")["Destinations"][0]["ExtendedS3DestinationDescription"]["BufferingHints"]
    assert hints == {"SizeInMBs": 1, "IntervalInSeconds": 60}
    kinesis.put_record(StreamName="events", Data=b"kept", PartitionKey="a")

    cloudformation.update_stack(StackName="s", TemplateBody=stack(2, "30", "cron(0 * * * ? *)"))

    summary = kinesis.describe_stream_summary(StreamName="events")["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == 2
    assert described("raw")["VersionId"] == "2"
    assert scheduler.get_schedule(Name="hourly")["ScheduleExpression"] == "cron(0 * * * ? *)"
    token = kinesis.get_shard_iterator(
        StreamName="events", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    assert [one["Data"] for one in kinesis.get_records(ShardIterator=token)["Records"]] == [b"kept"]

    cloudformation.update_stack(StackName="s", TemplateBody=stack(2, "30", "cron(0 * * * ? *)", "other"))

    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == ["other"]

    cloudformation.delete_stack(StackName="s")

    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == []
    assert kinesis.list_streams()["StreamNames"] == []
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        scheduler.get_schedule(Name="hourly")


def test_a_stack_takes_over_streams_that_are_there(client: Any) -> None:
    client("kinesis").create_stream(StreamName="events", ShardCount=1)
    client("kinesis").put_record(StreamName="events", Data=b"before", PartitionKey="a")
    client("cloudformation").create_stack(StackName="s", TemplateBody=stack(2, "60", "rate(1 hour)"))
    found = client("kinesis").describe_stream_summary(StreamName="events")["StreamDescriptionSummary"]
    assert (found["OpenShardCount"], found["RetentionPeriodHours"]) == (2, 48)
