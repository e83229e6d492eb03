"""What the failures topic hears."""

import json

import boto3
import pytest

from include.settings import settings
from millrace.alerts import notify_failure


@pytest.fixture
def heard(aws):
    """Reads the messages of a queue that is subscribed to the failures topic."""
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    boto3.client("sns").subscribe(TopicArn=settings().failures_topic_arn, Protocol="sqs", Endpoint=arn)

    def read():
        messages = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
        return [json.loads(message["Body"]) for message in messages]

    yield read
    sqs.delete_queue(QueueUrl=queue)


def test_a_failure_names_task_reason_and_log(heard, context):
    notify_failure({**context, "exception": RuntimeError("no luck")})
    (message,) = heard()
    assert message["Subject"] == "Millrace: testing.step failed"
    assert "no luck" in message["Message"]
    assert "Log: http://log" in message["Message"]
