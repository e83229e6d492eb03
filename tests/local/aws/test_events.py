"""EventBridge: what matches, what a target receives, and that no target costs another its event."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from local.aws.server import LocalAws
from local.aws.services.events.pattern import matches

ClientOf = Callable[..., Any]
DETAIL = {
    "name": "Training-Job_1",
    "path": "main/input/demo/*a\nb.csv",
    "size": 5,
    "empty": None,
    "ok": True,
    "ip": "10.0.3.7",
    "tags": ["a", "b"],
    "nested": {"deep": {"n": 2.5}},
    "items": [{"kind": "x", "n": 1}, {"kind": "y", "n": 2}],
}


class Inbox:
    """A queue that events end up in."""

    def __init__(self, client: ClientOf, name: str) -> None:
        self.sqs = client("sqs")
        self.url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn = found["Attributes"]["QueueArn"]

    def take(self, wait: int = 2) -> Any:
        """The next message, or None."""
        answer = self.sqs.receive_message(
            QueueUrl=self.url, WaitTimeSeconds=wait, MessageAttributeNames=["All"]
        ).get("Messages")
        if not answer:
            return None
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=answer[0]["ReceiptHandle"])
        return answer[0]

    def body(self) -> str:
        message = self.take()
        assert message is not None, "No event came."
        return str(message["Body"])


def rule(
    client: ClientOf, *targets: dict[str, Any], pattern: dict[str, Any] | None = None, name: str = "r"
) -> None:
    events = client("events")
    events.put_rule(Name=name, EventPattern=json.dumps(pattern or {"source": ["test"]}))
    numbered = [{"Id": str(number), **target} for number, target in enumerate(targets)]
    assert events.put_targets(Rule=name, Targets=numbered)["FailedEntryCount"] == 0


def send(client: ClientOf, detail: dict[str, Any] | None = None, **more: Any) -> str:
    entry = {"Source": "test", "DetailType": "Test Event", "Detail": json.dumps(detail or {}), **more}
    (answer,) = client("events").put_events(Entries=[entry])["Entries"]
    return str(answer["EventId"])


def test_the_envelope_is_awss(client: ClientOf) -> None:
    inbox = Inbox(client, "inbox")
    rule(client, {"Arn": inbox.arn})

    sent = send(client, {"n": 1}, Resources=["arn:aws:x"])

    event = json.loads(inbox.body())
    when = time.strptime(event.pop("time"), "%Y-%m-%dT%H:%M:%SZ")
    assert abs(time.time() - time.mktime(when) + time.timezone) < 3600
    assert list(event) == [
        "version",
        "id",
        "detail-type",
        "source",
        "account",
        "region",
        "resources",
        "detail",
    ]
    assert event == {
        "version": "0",
        "id": sent,
        "detail-type": "Test Event",
        "source": "test",
        "account": "123456789012",
        "region": "us-east-1",
        "resources": ["arn:aws:x"],
        "detail": {"n": 1},
    }


def test_an_event_of_a_service_reaches_a_queue_behind_a_topic(aws: LocalAws, client: ClientOf) -> None:
    wrapped, raw = Inbox(client, "wrapped"), Inbox(client, "raw")
    sns = client("sns")
    topic = sns.create_topic(Name="topic")["TopicArn"]
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=wrapped.arn, Attributes={"RawMessageDelivery": "false"}
    )
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=raw.arn, Attributes={"RawMessageDelivery": "true"})
    rule(client, {"Arn": topic}, pattern={"source": ["aws.sagemaker"]})

    sent = aws.put_event("aws.sagemaker", "SageMaker Training Job State Change", {"s": "ü"}, ["arn:aws:y"])

    assert json.loads(raw.body())["id"] == sent
    envelope = json.loads(wrapped.body())
    assert (envelope["Type"], envelope["TopicArn"]) == ("Notification", topic)
    assert json.loads(envelope["Message"])["detail"] == {"s": "ü"}


def test_a_subscriber_that_is_gone_takes_nothing_from_the_others(aws: LocalAws, client: ClientOf) -> None:
    gone, there = Inbox(client, "gone"), Inbox(client, "there")
    sns, sqs = client("sns"), client("sqs")
    topic = sns.create_topic(Name="topic")["TopicArn"]
    for inbox in (gone, there):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn)
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="gone")["QueueUrl"])

    sns.publish(TopicArn=topic, Message="still here")

    assert json.loads(there.body())["Message"] == "still here"


def test_a_target_that_fails_does_not_cost_the_others_their_event(client: ClientOf) -> None:
    inbox, dead = Inbox(client, "inbox"), Inbox(client, "dead")
    gone = "arn:aws:sqs:us-east-1:123456789012:gone"
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:x"
    rule(client, {"Arn": machine}, {"Arn": gone, "DeadLetterConfig": {"Arn": dead.arn}}, {"Arn": inbox.arn})

    sent = send(client)

    assert json.loads(inbox.body())["id"] == sent
    buried = dead.take()
    assert json.loads(buried["Body"])["id"] == sent
    assert buried["MessageAttributes"]["TARGET_ARN"]["StringValue"] == gone


def test_a_disabled_rule_is_silent(client: ClientOf) -> None:
    inbox = Inbox(client, "inbox")
    rule(client, {"Arn": inbox.arn})
    client("events").disable_rule(Name="r")

    send(client)

    assert inbox.take(wait=0) is None


@pytest.mark.parametrize(
    ("target", "received"),
    [
        ({"Input": '{"fixed": true}'}, {"fixed": True}),
        ({"InputPath": "$.detail.nested"}, {"deep": {"n": 2.5}}),
        ({"InputPath": "$.detail-type"}, "Test Event"),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {
                        "name": "$.detail.name",
                        "tags": "$.detail.tags",
                        "gone": "$.detail.gone",
                    },
                    "InputTemplate": '{"text": "job <name>: <tags>", "tags": <tags>, "gone": <gone>, '
                    '"rule": "<aws.events.rule-name>"}',
                }
            },
            {"text": 'job Training-Job_1: ["a", "b"]', "tags": ["a", "b"], "gone": "", "rule": "r"},
        ),
        (
            {"InputTransformer": {"InputPathsMap": {"n": "$.detail.size"}, "InputTemplate": '"size <n>"'}},
            "size 5",
        ),
    ],
)
def test_a_target_receives_what_it_asked_for(client: ClientOf, target: dict[str, Any], received: Any) -> None:
    inbox = Inbox(client, "inbox")
    rule(client, {"Arn": inbox.arn, **target})

    send(client, DETAIL)

    assert json.loads(inbox.body()) == received


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"name": ["Training-Job_1"]}, True),
        ({"name": ["training-job_1"]}, False),
        ({"name": [{"equals-ignore-case": "training-JOB_1"}]}, True),
        ({"name": [{"prefix": "Training-"}]}, True),
        ({"name": [{"prefix": "Processing-"}]}, False),
        ({"name": [{"prefix": {"equals-ignore-case": "training-"}}]}, True),
        ({"name": [{"suffix": "_1"}]}, True),
        ({"name": [{"wildcard": "Train*_?"}]}, False),
        ({"name": [{"wildcard": "Train*_1"}]}, True),
        ({"path": [{"wildcard": "*/input/*"}]}, True),
        ({"path": [{"wildcard": "*/inputs/*"}]}, False),
        ({"path": [{"wildcard": "input/*"}]}, False),
        ({"path": [{"wildcard": "main/input/*/\\**"}]}, True),
        ({"path": [{"wildcard": "main/input/\\*"}]}, False),
        ({"path": [{"anything-but": {"wildcard": "*/output/*"}}]}, True),
        ({"path": [{"anything-but": {"wildcard": "*/input/*"}}]}, False),
        ({"name": [{"anything-but": {"prefix": ["Train", "x"]}}]}, False),
        ({"size": [{"anything-but": 5}]}, False),
        ({"name": [{"anything-but": "other"}]}, True),
        ({"name": [{"anything-but": ["Training-Job_1", "x"]}]}, False),
        ({"name": [{"anything-but": {"prefix": "Training"}}]}, False),
        ({"name": [{"anything-but": {"suffix": "_2"}}]}, True),
        ({"gone": [{"anything-but": "x"}]}, False),
        ({"size": [5.0]}, True),
        ({"size": ["5"]}, False),
        ({"size": [{"numeric": [">", 0, "<=", 5]}]}, True),
        ({"size": [{"numeric": [">", 5]}]}, False),
        ({"ok": [{"numeric": ["=", 1]}]}, False),
        ({"ok": [1]}, False),
        ({"ok": [True]}, True),
        ({"empty": [None]}, True),
        ({"empty": [{"exists": True}]}, True),
        ({"gone": [{"exists": False}]}, True),
        ({"gone": [{"exists": True}]}, False),
        ({"nested": {"gone": [{"exists": False}]}}, True),
        ({"gone": {"deeper": [{"exists": False}]}}, True),
        ({"nested": [{"exists": True}]}, False),
        ({"nested": {"deep": {"n": [{"numeric": ["<", 3]}]}}}, True),
        ({"nested": {"deep": {"n": [3]}}}, False),
        ({"tags": ["b", "z"]}, True),
        ({"tags": ["z"]}, False),
        ({"items": {"kind": ["y"]}}, True),
        ({"items": {"kind": ["z"]}}, False),
        ({"ip": [{"cidr": "10.0.0.0/16"}]}, True),
        ({"ip": [{"cidr": "10.1.0.0/16"}]}, False),
        ({"$or": [{"size": [7]}, {"ok": [True]}]}, True),
        ({"$or": [{"size": [7]}, {"ok": [False]}]}, False),
        ({"size": [5], "name": ["x"]}, False),
    ],
)
def test_patterns(pattern: dict[str, Any], expected: bool) -> None:
    assert matches({"detail": pattern}, {"source": "test", "detail": DETAIL}) is expected


def test_the_server_uses_these_patterns(client: ClientOf) -> None:
    inbox = Inbox(client, "inbox")
    rule(client, {"Arn": inbox.arn}, pattern={"detail": {"items": {"kind": ["y"]}}})

    send(client, {"items": [{"kind": "x"}]})
    sent = send(client, DETAIL)

    assert json.loads(inbox.body())["id"] == sent


def test_an_event_to_a_log_group_is_a_log_line(client: ClientOf) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="/events")
    rule(client, {"Arn": "arn:aws:logs:us-east-1:123456789012:log-group:/events"})

    sent = send(client)

    (line,) = logs.filter_log_events(logGroupName="/events")["events"]
    assert json.loads(line["message"])["id"] == sent


def test_a_long_poll_wakes_for_an_event(aws: LocalAws, client: ClientOf) -> None:
    """Not a benchmark: a receive loop that slept would take as long as its sleep, again and again."""
    inbox = Inbox(client, "inbox")
    rule(client, {"Arn": inbox.arn})
    aws.put_event("test", "T", {"warm": True})
    inbox.body()

    began = time.monotonic()
    for number in range(20):
        aws.put_event("test", "T", {"n": number})
        assert json.loads(inbox.body())["detail"] == {"n": number}

    assert time.monotonic() - began < 5
