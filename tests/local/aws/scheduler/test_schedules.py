"""Schedules that fire, through every kind of target; and what becomes of them."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from local.aws.services import scheduler as service
from tests.local.aws.firehose.account import Account
from tests.local.conftest import connect

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
ACCOUNT = "us-east-1:123456789012"


class Schedules:
    """Schedules, and a queue that they send to."""

    def __init__(self, endpoint_url):
        for name in ("scheduler", "sqs", "sns", "events", "iam", "kinesis"):
            setattr(self, name, connect(endpoint_url, name))
        self.role = "arn:aws:iam::123456789012:role/schedules"

    def furnish(self):
        self.iam.create_role(RoleName="schedules", AssumeRolePolicyDocument=json.dumps(TRUST))
        return self

    def queue(self, name):
        self.sqs.create_queue(QueueName=name)
        return f"arn:aws:sqs:{ACCOUNT}:{name}"

    def make(self, name, expression, target, **options):
        self.scheduler.create_schedule(
            Name=name,
            ScheduleExpression=expression,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"RoleArn": self.role, **target},
            **options,
        )

    def received(self, queue, seconds=20):
        """The next message of a queue."""
        url = self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            answer = self.sqs.receive_message(
                QueueUrl=url, WaitTimeSeconds=5, MessageAttributeNames=["All"], VisibilityTimeout=60
            )
            if messages := answer.get("Messages"):
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=messages[0]["ReceiptHandle"])
                return messages[0]
        raise AssertionError(f"Nothing came to {queue} in {seconds} s.")

    def records(self, stream):
        shard = {"ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
        token = self.kinesis.get_shard_iterator(StreamName=stream, **shard)["ShardIterator"]
        return self.kinesis.get_records(ShardIterator=token)["Records"]

    def is_quiet(self, queue, seconds=2.5):
        url = self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        return not self.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=int(seconds)).get("Messages")


def soon(seconds=1):
    return f"at({datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S})"


@pytest.fixture(scope="module")
def schedules(server):
    return Schedules(server.endpoint_url).furnish()


def test_a_schedule_at_a_time_fires_once_and_is_deleted_if_it_says_so(schedules):
    queue = schedules.queue("once")
    target = {"Arn": queue, "Input": '{"schedule": "<aws.scheduler.schedule-arn>"}'}
    schedules.make("deleted", soon(2), target, ActionAfterCompletion="DELETE")
    schedules.make("kept", soon(2), target)
    arns = {json.loads(schedules.received("once")["Body"])["schedule"] for _ in range(2)}
    assert arns == {f"arn:aws:scheduler:{ACCOUNT}:schedule/default/{name}" for name in ("deleted", "kept")}
    assert schedules.is_quiet("once")
    assert schedules.scheduler.get_schedule(Name="kept")["State"] == "ENABLED"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        schedules.scheduler.get_schedule(Name="deleted")


def test_a_rate_fires_at_once_and_then_at_its_pace(schedules):
    queue = schedules.queue("rate")
    schedules.make("rate", "rate(1 minute)", {"Arn": queue})
    event = json.loads(schedules.received("rate")["Body"])
    assert (event["source"], event["detail-type"]) == ("aws.scheduler", "Scheduled Event")
    assert event["resources"] == [f"arn:aws:scheduler:{ACCOUNT}:schedule/default/rate"]
    assert schedules.is_quiet("rate")
    service.clock().tick(datetime.now(UTC) + timedelta(seconds=60))
    assert schedules.received("rate")


def test_a_disabled_schedule_and_one_that_has_ended_do_not_fire(schedules):
    queue = schedules.queue("quiet")
    schedules.make("disabled", "rate(1 minute)", {"Arn": queue}, State="DISABLED")
    past = datetime.now(UTC) - timedelta(seconds=30)
    schedules.make("ended", "rate(1 minute)", {"Arn": queue}, EndDate=past)
    assert schedules.is_quiet("quiet")
    schedules.scheduler.update_schedule(
        Name="disabled",
        ScheduleExpression=soon(2),
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"RoleArn": schedules.role, "Arn": queue, "Input": "now"},
        ActionAfterCompletion="DELETE",
    )
    assert schedules.received("quiet")["Body"] == "now"


def test_every_kind_of_target_is_called(schedules, server):
    topic = schedules.sns.create_topic(Name="scheduled")["TopicArn"]
    schedules.sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=schedules.queue("of-topic"),
        Attributes={"RawMessageDelivery": "true"},
    )
    schedules.kinesis.create_stream(StreamName="scheduled", ShardCount=1)
    account = Account(server.endpoint_url).furnish()
    account.make("scheduled")
    schedules.queue("universal")
    stream = f"arn:aws:kinesis:{ACCOUNT}:stream/scheduled"
    url = schedules.sqs.get_queue_url(QueueName="universal")["QueueUrl"]
    for name, target in {
        "topic": {"Arn": topic},
        "stream": {"Arn": stream, "KinesisParameters": {"PartitionKey": "key"}},
        "delivery": {"Arn": f"arn:aws:firehose:{ACCOUNT}:deliverystream/scheduled"},
        "universal": {
            "Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
            "Input": json.dumps({"QueueUrl": url, "MessageBody": "universal"}),
        },
    }.items():
        schedules.make(f"to-{name}", soon(1), {"Input": name, **target})
    assert schedules.received("of-topic")["Body"] == "topic"
    assert schedules.received("universal")["Body"] == "universal"
    assert account.delivered("scheduled", 1) == ["delivery"]
    [record] = schedules.records("scheduled")
    assert (record["Data"], record["PartitionKey"]) == (b"stream", "key")


def test_what_cannot_be_carried_out_goes_to_the_dead_letter_queue(schedules):
    dead = schedules.queue("dead")
    target = {
        "Arn": f"arn:aws:sqs:{ACCOUNT}:nowhere",
        "Input": "lost",
        "RetryPolicy": {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60},
        "DeadLetterConfig": {"Arn": dead},
    }
    schedules.make("dead", soon(1), target)
    message = schedules.received("dead")
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert message["Body"] == "lost"
    assert (told["RETRY_ATTEMPTS"], told["EXHAUSTED_RETRY_CONDITION"]) == ("1", "MaximumRetryAttempts")
    assert told["TARGET_ARN"] == target["Arn"]


def test_rules_with_a_schedule_fire_into_their_targets(schedules, server):
    schedules.queue("of-rule")
    schedules.kinesis.create_stream(StreamName="of-rule", ShardCount=1)
    account = Account(server.endpoint_url)
    account.role = account.iam.get_role(RoleName="delivery")["Role"]["Arn"]
    account.make("of-rule")
    schedules.events.put_rule(Name="minutely", ScheduleExpression="rate(1 minute)")
    schedules.events.put_rule(Name="off", ScheduleExpression="rate(1 minute)", State="DISABLED")
    arns = [
        f"arn:aws:{rest}"
        for rest in (
            f"sqs:{ACCOUNT}:of-rule",
            f"kinesis:{ACCOUNT}:stream/of-rule",
            f"firehose:{ACCOUNT}:deliverystream/of-rule",
        )
    ]
    schedules.events.put_targets(
        Rule="minutely", Targets=[{"Id": str(n), "Arn": arn} for n, arn in enumerate(arns)]
    )
    schedules.events.put_targets(Rule="off", Targets=[{"Id": "1", "Arn": arns[0], "Input": "wrong"}])
    assert schedules.is_quiet("of-rule")  # a rule begins a minute after it was made
    service.clock().tick(datetime.now(UTC) + timedelta(seconds=61))
    event = json.loads(schedules.received("of-rule")["Body"])
    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.events", "Scheduled Event", {})
    assert event["resources"] == [f"arn:aws:events:{ACCOUNT}:rule/minutely"]
    account.delivered("of-rule", 1)
    [record] = schedules.records("of-rule")
    assert json.loads(record["Data"]) == event
    assert record["PartitionKey"] == event["id"]


@pytest.mark.parametrize(
    ("expression", "changes"),
    [
        ("rate(1 second)", {}),
        ("cron(0 10 * * * *)", {}),
        ("rate(1 hour)", {"ScheduleExpressionTimezone": "Mars/Olympus"}),
        ("rate(1 hour)", {"Arn": "arn:aws:ecs:us-east-1:123456789012:cluster/x"}),
        ("rate(1 hour)", {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendNothing"}),
        ("rate(1 hour)", {"RoleArn": "arn:aws:iam::123456789012:role/nobody"}),
        ("rate(1 hour)", {"Arn": "arn:aws:kinesis:us-east-1:123456789012:stream/no-key"}),
    ],
)
def test_a_schedule_that_could_not_be_carried_out_is_refused(schedules, expression, changes):
    target = {"Arn": f"arn:aws:sqs:{ACCOUNT}:any"} | {k: v for k, v in changes.items() if k.endswith("Arn")}
    options = {k: v for k, v in changes.items() if not k.endswith("Arn")}
    with pytest.raises(ClientError, match="ValidationException"):
        schedules.make("refused", expression, target, **options)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        schedules.scheduler.get_schedule(Name="refused")


def test_a_rule_that_never_happens_is_refused(schedules):
    with pytest.raises(ClientError, match="ValidationException"):
        schedules.events.put_rule(Name="refused", ScheduleExpression="cron(0 10 * * * *)")
