"""Queues as event sources. What failed comes back when its visibility timeout is over: seconds here."""

import json
import time

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.lambda_functions.account import until

KEEPS = """
import boto3
import json


def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=KEPT, MessageBody=json.dumps(event))
    return ANSWER(event)
"""
"""Sends every event that it gets to the queue KEPT and answers by ANSWER."""


@pytest.fixture
def kept(account):
    """A queue that takes what a function saw."""
    return account.queue()[0]


def keeping(account, kept, answer="lambda event: None", **options):
    code = KEEPS.replace("KEPT", repr(kept)).replace("ANSWER", f"({answer})")
    return account.function(code, **{"Timeout": 10, **options})


def events(account, kept, number=1):
    return [json.loads(message["Body"]) for message in account.receive(kept, number)]


def bodies(found):
    return [json.loads(record["body"]) for event in found for record in event["Records"]]


def test_messages_reach_the_function_as_aws_describes_them_and_are_deleted(account, kept):
    url, arn = account.queue()
    name = keeping(account, kept)
    sent = account.sqs.send_message(
        QueueUrl=url,
        MessageBody="a text",
        MessageAttributes={
            "Kind": {"DataType": "String", "StringValue": "show"},
            "Raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        },
    )
    uuid = account.map(name, arn)

    (event,) = events(account, kept)

    (record,) = event["Records"]
    assert record.pop("receiptHandle")
    attributes = record.pop("attributes")
    assert record == {
        "messageId": sent["MessageId"],
        "body": "a text",
        "messageAttributes": {
            "Kind": {
                "stringValue": "show",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "String",
            },
            "Raw": {
                "binaryValue": "AAE=",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "Binary",
            },
        },
        "md5OfBody": sent["MD5OfMessageBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": "us-east-1",
    }
    assert attributes["ApproximateReceiveCount"] == "1"
    assert abs(int(attributes["SentTimestamp"]) / 1000 - time.time()) < 120
    until(lambda: account.depth(url) == (0, 0), "an empty queue")
    until(
        lambda: account.functions.get_event_source_mapping(UUID=uuid)["LastProcessingResult"] == "OK",
        "the result of the batch",
    )


def test_a_batch_is_filled_within_its_window(account, kept):
    url, arn = account.queue()
    name = keeping(account, kept)
    account.map(
        name, arn, BatchSize=25, MaximumBatchingWindowInSeconds=5, ScalingConfig={"MaximumConcurrency": 2}
    )

    account.send(url, *range(25))

    found = []
    until(lambda: found.extend(events(account, kept)) or len(bodies(found)) >= 25, "all messages")
    assert sorted(bodies(found)) == list(range(25))
    assert len(found) < 10
    assert all(len(event["Records"]) <= 25 for event in found)


def test_only_what_the_function_names_comes_back_and_ends_in_the_dead_letter_queue(account, kept):
    url, arn = account.queue(receives=2, VisibilityTimeout="6")
    dead = account.sqs.get_queue_url(QueueName=f"{url.rpartition('/')[2]}-dead")["QueueUrl"]
    odd = (
        'lambda event: {"batchItemFailures": [{"itemIdentifier": record["messageId"]}'
        ' for record in event["Records"] if int(record["body"]) % 2]}'
    )
    name = keeping(account, kept, odd, Timeout=6)
    account.invoke(name, {"Records": []})  # a cold start may take longer than the visibility timeout
    ids = account.send(url, *range(6))
    account.map(name, arn, FunctionResponseTypes=["ReportBatchItemFailures"])

    dropped = account.receive(dead, 3)

    assert {message["MessageId"] for message in dropped} == {ids[1], ids[3], ids[5]}
    seen = []
    until(
        lambda: seen.extend(bodies(events(account, kept))) or len(seen) == 9, "six messages, and three again"
    )
    assert sorted(seen) == [0, 1, 1, 2, 3, 3, 4, 5, 5]
    assert account.depth(url) == (0, 0)


@pytest.mark.parametrize(
    "answer",
    [
        'lambda event: {"batchItemFailures": [{"itemIdentifier": ""}]}',
        'lambda event: {"batchItemFailures": [{"itemIdentifier": "no such message"}]}',
        'lambda event: {"batchItemFailures": [{"id": event["Records"][0]["messageId"]}]}',
        'lambda event: "not an answer"',
        "lambda event: 1 / 0",
    ],
    ids=["empty", "unknown", "misspelled", "malformed", "failed"],
)
def test_a_batch_fails_as_a_whole_when_its_answer_cannot_be_used(account, kept, answer):
    url, arn = account.queue(receives=1, VisibilityTimeout="2")
    dead = account.sqs.get_queue_url(QueueName=f"{url.rpartition('/')[2]}-dead")["QueueUrl"]
    name = keeping(account, kept, answer, Timeout=2)
    ids = account.send(url, 1, 2)
    account.map(name, arn, FunctionResponseTypes=["ReportBatchItemFailures"])

    assert {message["MessageId"] for message in account.receive(dead, 2)} == set(ids)


def test_messages_of_a_group_stay_in_order(account, kept):
    name = "ordered.fifo"
    url = account.sqs.create_queue(
        QueueName=name, Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    )["QueueUrl"]
    for number in range(12):
        account.sqs.send_message(QueueUrl=url, MessageBody=str(number), MessageGroupId=str(number % 2))
    account.map(keeping(account, kept), account.arn_of_queue(url), BatchSize=3)

    found = []
    until(lambda: found.extend(bodies(events(account, kept))) or len(found) == 12, "all messages")
    records = [number for number in found if number % 2 == 0]
    assert records == sorted(records)


def test_a_filter_lets_matching_messages_through_and_the_others_are_gone(account, kept):
    url, arn = account.queue()
    account.send(url, {"kind": "like"}, {"kind": "listen"}, "text")
    pattern = json.dumps({"body": {"kind": ["like"]}})
    account.map(keeping(account, kept), arn, FilterCriteria={"Filters": [{"Pattern": pattern}]})

    assert bodies(events(account, kept)) == [{"kind": "like"}]
    until(lambda: account.depth(url) == (0, 0), "an empty queue")


def test_a_disabled_mapping_reads_nothing_until_it_is_enabled(account, kept):
    url, arn = account.queue()
    name = keeping(account, kept)
    uuid = account.map(name, arn, Enabled=False)
    account.send(url, 1)
    assert account.functions.get_event_source_mapping(UUID=uuid)["State"] == "Disabled"

    account.functions.update_event_source_mapping(UUID=uuid, Enabled=True)
    assert bodies(events(account, kept)) == [1]

    deleted = account.functions.delete_event_source_mapping(UUID=uuid)
    assert deleted["State"] == "Deleting"
    time.sleep(1.5)  # a poll takes a second to end
    account.send(url, 2)
    time.sleep(1)
    assert account.depth(url) == (1, 0)
    assert account.functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"] == []


def test_a_throttled_batch_waits_and_nothing_is_lost(account, kept):
    url, arn = account.queue()
    name = keeping(account, kept)
    account.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    account.map(name, arn, BatchSize=1)

    account.send(url, *range(20))

    found = []
    until(lambda: found.extend(bodies(events(account, kept))) or len(found) >= 20, "all messages")
    assert sorted(found) == list(range(20))


def test_mappings_that_aws_refuses_are_refused(account):
    _, arn = account.queue(VisibilityTimeout="5")
    name = account.function("def handler(event, context): ...", Timeout=3)
    slow = account.function("def handler(event, context): ...", Timeout=6)
    refused = {
        "less than Function timeout": {"FunctionName": slow},
        "batch window": {"FunctionName": name, "BatchSize": 11},
        "Invalid filter pattern": {
            "FunctionName": name,
            "FilterCriteria": {"Filters": [{"Pattern": "no json"}]},
        },
        "Function not found": {"FunctionName": "nobody"},
        "does not exist": {"FunctionName": name, "EventSourceArn": f"{arn}-other"},
    }
    for message, request in refused.items():
        with pytest.raises(ClientError, match=message):
            account.functions.create_event_source_mapping(**{"EventSourceArn": arn, **request})
    account.map(name, arn)
    with pytest.raises(ClientError, match="already exists") as caught:
        account.map(name, arn)
    assert caught.value.response["Error"]["Code"] == "ResourceConflictException"
    with pytest.raises(ClientError, match="does not exist") as caught:
        account.functions.delete_event_source_mapping(UUID="00000000-0000-0000-0000-000000000000")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
