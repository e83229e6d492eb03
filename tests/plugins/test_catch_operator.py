"""What people hear of a run whose failure was caught."""

import json

import boto3
import pytest

from include.settings import settings
from millrace.operators.catch import CatchOperator

LOG = "http://airflow/dags/testing/runs/r1/tasks/step?try_number=1"


@pytest.fixture
def heard(aws):
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName="heard-by-catch")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    boto3.client("sns").subscribe(TopicArn=settings().failures_topic_arn, Protocol="sqs", Endpoint=arn)

    def read():
        messages = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
        return [json.loads(message["Body"]) for message in messages]

    yield read
    sqs.delete_queue(QueueUrl=queue)


@pytest.fixture
def caught(context):
    """Runs the operator in a run whose tasks are in these states."""

    def make(states, **kwargs):
        ti = context["ti"]
        ti.log_url = LOG
        ti.get_task_states = lambda dag_id, run_ids: {ti.run_id: states} if dag_id == ti.dag_id else {}
        return CatchOperator(task_id="catch", **kwargs).execute(context)

    return make


def test_the_message_tells_failed_steps_from_those_that_did_not_run(heard, caught, context):
    states = {"train": "failed", "evaluate_1": "upstream_failed", "prepare": "success", "catch": "running"}
    result = caught(states, consequence="Its model is deleted.")
    assert result == {"failed": ["train"], "not_run": ["evaluate_1"]}
    (message,) = heard()
    assert message["Subject"] == "Millrace: run of testing failed"
    assert message["Message"].splitlines() == [
        f"Run {context['ti'].run_id} of testing has failed.",
        "Failed: train",
        "Not run: evaluate_1",
        "Its model is deleted.",
        "Run: http://airflow/dags/testing/runs/r1",
    ]


def test_a_failure_that_was_cleared_meanwhile_is_not_named(heard, caught):
    assert caught({"train": "running", "catch": "running"}) == {"failed": [], "not_run": []}
    (message,) = heard()
    assert "Failed: none any more\nNot run: none so far\nRun: " in message["Message"]
