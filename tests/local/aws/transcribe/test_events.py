"""What ends is an event in AWS's form, delivered through EventBridge to a queue."""

import json

import pytest

from tests.local.aws.transcribe.account import HELLO, until
from tests.local.aws.transcribe.test_call_analytics import CALL


@pytest.fixture(scope="module")
def queue(account):
    url = account.sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    account.events.put_rule(Name="transcribe", EventPattern=json.dumps({"source": ["aws.transcribe"]}))
    account.events.put_targets(Rule="transcribe", Targets=[{"Id": "queue", "Arn": arn["QueueArn"]}])
    return url


@pytest.fixture
def received(account, queue):
    def find(name):
        """The event whose detail has this name."""
        found = []

        def look():
            answer = account.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                account.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                event = json.loads(message["Body"])
                found.extend([event] if name in event["detail"].values() else [])
            return found

        [event] = until(look, bool)
        return event

    return find


def test_a_transcription_job(account, received):
    account.start("told")
    event = received("told")
    assert (event["source"], event["detail-type"]) == ("aws.transcribe", "Transcribe Job State Change")
    assert (event["account"], event["region"], event["resources"]) == ("123456789012", "us-east-1", [])
    assert event["detail"] == {"TranscriptionJobName": "told", "TranscriptionJobStatus": "COMPLETED"}


def test_a_transcription_job_that_fails(account, received):
    account.start("told-bad", {"fault": "Unsupported media format."})
    assert received("told-bad")["detail"]["TranscriptionJobStatus"] == "FAILED"


def test_a_call_analytics_job(account, received):
    account.transcribe.start_call_analytics_job(**account.call_request("told-call", CALL))
    event = received("told-call")
    assert event["detail-type"] == "Call Analytics Job State Change"
    assert event["detail"] == {
        "JobName": "told-call",
        "JobStatus": "COMPLETED",
        "AnalyticsJobDetails": {"Skipped": []},
    }


def test_a_call_analytics_job_that_fails_says_why(account, received):
    account.transcribe.start_call_analytics_job(**account.call_request("told-mono", {"items": HELLO}))
    detail = received("told-mono")["detail"]
    assert detail["JobStatus"] == "FAILED"
    assert "2 channels" in detail["FailureReason"]


def test_a_vocabulary(account, received):
    account.vocabulary("told-words", Phrases=["x"])
    event = received("told-words")
    assert event["detail-type"] == "Vocabulary State Change"
    assert event["detail"] == {"VocabularyName": "told-words", "VocabularyState": "READY"}


def test_a_language_model(account, received):
    account.transcribe.create_language_model(**account.model_request("told-model"))
    event = received("told-model")
    assert event["detail-type"] == "Transcribe Language Model State Change"
    assert event["detail"] == {"ModelName": "told-model", "ModelStatus": "COMPLETED"}
