"""What SNS delivered to people can be seen; what it delivered to programs is not shown."""

import json

import httpx
import pytest

from local.aws import deliveries
from local.aws.deliveries import newest_first
from local.aws.pages.frame import INBOX
from local.aws.pages.inbox import DOCUMENT
from local.aws.server import LocalAws
from tests.local.conftest import connect

NASTY = "</td><script>alert(1)</script>"


@pytest.fixture
def sns(client):
    return client("sns")


def _get(aws, page="", **options):
    return httpx.get(f"{aws.endpoint_url}{INBOX}{page}", **options)


def _messages(aws):
    return _get(aws, DOCUMENT).json()


def _subscribe(sns, protocol, endpoint, **attributes):
    topic = sns.create_topic(Name="failures")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=attributes)
    return topic


def test_a_text_to_a_number_is_delivered_once(aws, sns):
    answer = sns.publish(PhoneNumber="+15555550100", Message="A parcel is at the door.")
    [message] = _messages(aws)
    assert message["to"] == "+15555550100"
    assert message["text"] == "A parcel is at the door."
    assert message["protocol"] == "sms"
    assert message["message_id"] == answer["MessageId"]


def test_the_newest_comes_first(aws, sns):
    for text in ("one", "two", "three"):
        sns.publish(PhoneNumber="+15555550100", Message=text)
    assert [message["text"] for message in _messages(aws)] == ["three", "two", "one"]


@pytest.mark.parametrize(
    ("protocol", "to"), [("sms", "+15555550100"), ("email", "a@example.com"), ("email-json", "a@example.com")]
)
def test_subscribers_of_a_topic_receive_its_messages(aws, sns, protocol, to):
    topic = _subscribe(sns, protocol, to)
    sns.publish(TopicArn=topic, Subject="abalone failed", Message="See the log.")
    [message] = _messages(aws)
    assert (message["to"], message["topic"]) == (to, topic)
    assert (message["subject"], message["text"]) == ("abalone failed", "See the log.")


def test_a_filter_policy_keeps_messages_from_a_subscriber(aws, sns):
    topic = _subscribe(sns, "sms", "+15555550100", FilterPolicy=json.dumps({"level": ["high"]}))
    for level in ("low", "high"):
        value = {"DataType": "String", "StringValue": level}
        sns.publish(TopicArn=topic, Message=level, MessageAttributes={"level": value})
    assert [message["text"] for message in _messages(aws)] == ["high"]


def test_a_subscriber_receives_the_text_of_its_protocol(aws, sns):
    topic = _subscribe(sns, "sms", "+15555550100")
    texts = json.dumps({"default": "long", "sms": "short"})
    sns.publish(TopicArn=topic, Message=texts, MessageStructure="json")
    assert [message["text"] for message in _messages(aws)] == ["short"]


def test_queues_are_no_people(aws, sns, client):
    sqs = client("sqs")
    queue = sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.publish(TopicArn=_subscribe(sns, "sqs", arn), Message="an event")
    assert sqs.receive_message(QueueUrl=queue)["Messages"]
    assert _messages(aws) == []


def test_a_refused_text_is_not_delivered(aws, sns):
    with pytest.raises(sns.exceptions.ClientError):
        sns.publish(PhoneNumber="+15555550100", Message="x" * 1_601)
    assert _messages(aws) == []


def test_what_somebody_sent_is_no_markup(aws, sns):
    sns.publish(PhoneNumber="+15555550100", Message=NASTY)
    page = _get(aws)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "&lt;script&gt;" in page.text
    assert NASTY not in page.text


def test_another_site_cannot_read_the_inbox(aws):
    assert _get(aws, DOCUMENT, headers={"Origin": "https://example.com"}).status_code == 403


def test_an_unknown_page_is_said_to_be_one(aws):
    answer = _get(aws, "ghost")
    assert (answer.status_code, answer.text) == (
        404,
        "There is no page 'ghost' of the inbox, only messages.json.\n",
    )


def test_the_inbox_survives_a_restart(tmp_path):
    places = {"home": tmp_path / "aws", "images": tmp_path / "images"}
    with LocalAws(**places) as aws:
        connect(aws.endpoint_url, "sns").publish(PhoneNumber="+15555550100", Message="still here")
    with LocalAws(**places) as aws:
        assert [message["text"] for message in _messages(aws)] == ["still here"]


def test_the_oldest_are_forgotten(aws, sns, monkeypatch):
    monkeypatch.setattr(deliveries, "MOST", 2)
    for text in ("one", "two", "three"):
        sns.publish(PhoneNumber="+15555550100", Message=text)
    assert [delivery.text for delivery in newest_first(aws.account_id)] == ["three", "two"]
