"""Streams as event sources."""

import base64
import json
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.lambda_functions.account import until

KEEPS = """
import base64
import boto3
import json

tried = set()


def handler(event, context):
    seen = [json.loads(base64.b64decode(record["kinesis"]["data"])) for record in event["Records"]]
    boto3.client("sqs").send_message(
        QueueUrl=KEPT, MessageBody=json.dumps({"seen": seen, "first": event["Records"][0]})
    )
    numbers = [record["kinesis"]["sequenceNumber"] for record in event["Records"]]
    return ANSWER(seen, numbers)
"""
"""Sends what it saw to the queue KEPT and answers by ANSWER."""

_numbers = count()


class Stream:
    """A stream of the test's own, and the queue that tells what a function saw of it."""

    def __init__(self, account, shards=1):
        self.account, self.kinesis = account, account.client("kinesis")
        self.name = f"stream-{next(_numbers)}"
        self.kinesis.create_stream(StreamName=self.name, ShardCount=shards)
        self.kinesis.get_waiter("stream_exists").wait(StreamName=self.name, WaiterConfig={"Delay": 1})
        self.arn = self.kinesis.describe_stream_summary(StreamName=self.name)["StreamDescriptionSummary"][
            "StreamARN"
        ]
        self.kept = account.queue()[0]

    def put(self, *values, key="one"):
        for value in values:
            self.kinesis.put_record(StreamName=self.name, Data=json.dumps(value).encode(), PartitionKey=key)

    def function(self, answer="lambda seen, numbers: None", **options):
        code = KEEPS.replace("KEPT", repr(self.kept)).replace("ANSWER", f"({answer})")
        return self.account.function(code, **options)

    def map(self, name, **options):
        return self.account.map(name, self.arn, **{"StartingPosition": "TRIM_HORIZON", **options})

    def mappings(self, name):
        found = self.account.functions.list_event_source_mappings(FunctionName=name)
        return found["EventSourceMappings"]

    def batches(self, number=1):
        """What the function saw, call by call."""
        return [json.loads(message["Body"]) for message in self.account.receive(self.kept, number)]

    def seen(self, number):
        """Values in the order of the calls, of one shard, until there are that many."""
        found = []
        until(
            lambda: (
                found.extend(v for batch in self.batches() for v in batch["seen"]) or len(found) >= number
            ),
            f"{number} records",
        )
        return found


@pytest.fixture
def stream(account):
    return Stream(account)


def test_records_come_in_order_as_aws_describes_them(stream):
    stream.put(*range(10))
    uuid = stream.map(stream.function(), BatchSize=4)

    first, *_ = batches = stream.batches(3)

    assert [value for batch in batches for value in batch["seen"]] == list(range(10))
    record = first["first"]
    kinesis = record.pop("kinesis")
    shard, number = record.pop("eventID").split(":")
    assert shard.startswith("shardId-")
    assert number == kinesis["sequenceNumber"]
    assert record == {
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/functions",
        "awsRegion": "us-east-1",
        "eventSourceARN": stream.arn,
    }
    assert (kinesis["partitionKey"], kinesis["kinesisSchemaVersion"]) == ("one", "1.0")
    assert base64.b64decode(kinesis["data"]) == b"0"
    assert abs(kinesis["approximateArrivalTimestamp"] - datetime.now(UTC).timestamp()) < 120
    mapping = stream.account.functions.get_event_source_mapping(UUID=uuid)
    assert (mapping["MaximumRetryAttempts"], mapping["BisectBatchOnFunctionError"]) == (-1, False)


def test_a_key_stays_in_order_when_its_shard_is_split_and_merged_again(account):
    stream = Stream(account, shards=2)
    # The first try of what comes last before a change fails: its shard is done with later than it is read.
    last = {"a4", "b4", "a9", "b9"}
    tries = f"lambda seen, numbers: ({last} & set(seen) <= tried) or tried.update(seen) or 1 / 0"
    stream.map(stream.function(tries), BatchSize=2)
    keys = {"a": "a", "b": "e"}  # of different shards, while there are two
    for number in range(15):
        if number in (5, 10):
            stream.kinesis.update_shard_count(
                StreamName=stream.name, TargetShardCount={5: 1, 10: 2}[number], ScalingType="UNIFORM_SCALING"
            )
        for name, key in keys.items():
            stream.put(f"{name}{number}", key=key)

    found = []
    until(
        lambda: found.extend(v for batch in stream.batches() for v in batch["seen"]) or len(set(found)) == 30,
        "30 records",
    )
    for name in keys:
        once = list(dict.fromkeys(value for value in found if value.startswith(name)))
        assert once == [f"{name}{number}" for number in range(15)]
    # Nobody reads a shard twice: more than once comes only what was tried again with what failed.
    again = [value for value in set(found) if found.count(value) > 1]
    assert set(again) <= {f"{name}{number}" for name in keys for number in (3, 4, 8, 9)}


def test_latest_begins_with_what_is_put_after_the_mapping_was_made(stream):
    stream.put("before")
    stream.map(stream.function(), StartingPosition="LATEST")
    stream.put("after")

    assert stream.seen(1) == ["after"]


def test_a_time_begins_with_what_was_put_then(stream):
    stream.put("one", "two")
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    stream.map(stream.function(), StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=long_ago)

    assert stream.seen(2) == ["one", "two"]


def test_a_batch_is_retried_from_the_lowest_record_that_failed(stream):
    answer = (
        'lambda seen, numbers: {"batchItemFailures": [{"itemIdentifier": numbers[seen.index(value)]}'
        " for value in (2, 4) if value in seen and value not in tried and not tried.add(value)]}"
    )
    stream.put(*range(6))
    stream.map(stream.function(answer), FunctionResponseTypes=["ReportBatchItemFailures"], BatchSize=6)

    first, second = (batch["seen"] for batch in stream.batches(2)[:2])

    assert (first, second) == ([0, 1, 2, 3, 4, 5], [2, 3, 4, 5])


def test_what_fails_for_ever_is_halved_reported_and_passed(stream):
    told, told_arn = stream.account.queue()
    stream.put(*range(8))
    name = stream.function("lambda seen, numbers: 1 / 0 if 5 in seen else None")
    stream.map(
        name,
        BatchSize=8,
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": told_arn}},
    )

    (record,) = (json.loads(message["Body"]) for message in stream.account.receive(told))

    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["responseContext"]["functionError"] == "Unhandled"
    information = record["KinesisBatchInfo"]
    assert information["batchSize"] == 1
    assert information["startSequenceNumber"] == information["endSequenceNumber"]
    assert information["streamArn"] == stream.arn
    stream.put(8)
    seen = []
    until(lambda: seen.extend(b["seen"] for b in stream.batches()) or [8] in seen, "the record after it")
    # 5 was in the halves 0-7, 4-7 and 4-5, and alone twice.
    assert sum(5 in batch for batch in seen) == 5
    done = [value for batch in seen if 5 not in batch for value in batch]
    assert done == [0, 1, 2, 3, 4, 6, 7, 8]


def test_what_was_read_while_the_function_was_gone_is_read_again_when_it_is_back(stream):
    name = stream.function()
    stream.map(name, BatchSize=2)
    stream.put(0)
    assert stream.seen(1) == [0]
    stream.account.functions.delete_function(FunctionName=name)
    stream.put(1, 2, 3, 4)
    gone = "PROBLEM: Function not found"
    until(lambda: stream.mappings(name)[0]["LastProcessingResult"] == gone, "a batch without its function")
    stream.function(FunctionName=name)

    assert stream.seen(4) == [1, 2, 3, 4]


def test_a_stack_makes_changes_and_removes_the_mapping_of_a_stream(stream):
    told, told_arn = stream.account.queue()
    name = stream.function("lambda seen, numbers: 1 / 0 if 'bad' in seen else None")
    stacks = stream.account.client("cloudformation")

    def template(**options):
        properties = {
            "FunctionName": name,
            "EventSourceArn": stream.arn,
            "StartingPosition": "TRIM_HORIZON",
            "BisectBatchOnFunctionError": True,
            "MaximumRecordAgeInSeconds": 86_400,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "DestinationConfig": {"OnFailure": {"Destination": told_arn}},
            **options,
        }
        mapping = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties}
        return json.dumps({"Resources": {"Mapping": mapping}})

    stream.put("good", "bad")
    stacks.create_stack(StackName=stream.name, TemplateBody=template(MaximumRetryAttempts=-1))
    assert stream.seen(3)[:2] == ["good", "bad"]
    [made] = stream.mappings(name)
    assert (made["MaximumRetryAttempts"], made["MaximumRecordAgeInSeconds"]) == (-1, 86_400)
    assert made["DestinationConfig"]["OnFailure"]["Destination"] == told_arn

    stacks.update_stack(StackName=stream.name, TemplateBody=template(MaximumRetryAttempts=1))
    [record] = (json.loads(message["Body"]) for message in stream.account.receive(told))
    information = record["KinesisBatchInfo"]
    assert (information["batchSize"], information["streamArn"]) == (1, stream.arn)
    assert stream.mappings(name)[0]["UUID"] == made["UUID"]

    stacks.delete_stack(StackName=stream.name)
    assert stream.mappings(name) == []


def test_shards_are_read_next_to_each_other(account):
    stream = Stream(account, shards=2)
    for number in range(20):
        stream.put(number, key=str(number))
    stream.map(stream.function(), BatchSize=5)

    assert sorted(stream.seen(20)) == list(range(20))


def test_mappings_that_aws_or_this_server_has_not_are_refused(stream):
    name = stream.function()
    refused = {
        "startingPosition": {"StartingPosition": None},
        "no ParallelizationFactor": {"ParallelizationFactor": 2},
        "not to s3": {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::bucket"}}},
        "does not exist": {"EventSourceArn": f"{stream.arn}-other"},
    }
    for message, request in refused.items():
        options = {"EventSourceArn": stream.arn, "StartingPosition": "LATEST", **request}
        with pytest.raises(ClientError, match=message):
            stream.account.functions.create_event_source_mapping(
                FunctionName=name, **{key: value for key, value in options.items() if value is not None}
            )
