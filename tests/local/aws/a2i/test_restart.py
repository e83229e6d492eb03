"""What a restart of the server leaves of reviews."""

import json
from datetime import timedelta

import pytest

from local.aws.review.tasks import NotOpenError
from local.aws.server import LocalAws
from local.aws.services import review
from local.aws.services.a2i_runtime import loops
from tests.local.aws.a2i.account import ReviewAccount
from tests.local.aws.sagemaker.account import until


@pytest.fixture
def folders(tmp_path):
    return {"home": tmp_path / "aws", "images": tmp_path / "images"}


def test_reviewers_go_on_where_they_were(folders):
    with LocalAws(**folders) as aws:
        account = ReviewAccount(aws.endpoint_url).furnish()
        arn = account.start("loop", account.flow("flow", TaskCount=2))
        account.answer("bob", arn, {"transcript": "first"})
        id_ = account.claim("ann", arn)
        until_then = review.tasks().held(account.worker("ann")).until
        token = review.workers().renew("ann")
    with LocalAws(**folders) as aws:
        account = ReviewAccount(aws.endpoint_url)
        ann = review.workers().known("ann", token)
        assert (review.tasks().held(ann).task.id, review.tasks().held(ann).until) == (id_, until_then)
        review.tasks().submit(ann, id_, {"transcript": "second"})
        uri = account.ended("loop")["HumanLoopOutput"]["OutputS3Uri"]
        answers = json.loads(account.get(uri)["Body"].read())["humanAnswers"]
        assert [answer["answerContent"]["transcript"] for answer in answers] == ["first", "second"]
        assert account.sagemaker.describe_flow_definition(FlowDefinitionName="flow")["RoleArn"]
        assert account.sagemaker.describe_workteam(WorkteamName="scribes")["Workteam"]


def test_what_expired_meanwhile_fails_at_the_start(folders, monkeypatch):
    with LocalAws(**folders) as aws:
        account = ReviewAccount(aws.endpoint_url).furnish()
        arn = account.start("loop", account.flow("flow", TaskAvailabilityLifetimeInSeconds=600))
        id_, ann = account.claim("ann", arn), account.worker("ann")
        later = review.tasks().held(ann).since + timedelta(seconds=601)
    monkeypatch.setattr("local.aws.review.tasks._utc_now", lambda: later)
    with LocalAws(**folders) as aws:
        found = ReviewAccount(aws.endpoint_url).ended("loop")
        assert (found["HumanLoopStatus"], found["FailureCode"]) == ("Failed", "Expired")
        with pytest.raises(NotOpenError):
            review.tasks().submit(ann, id_, {})


def test_an_answer_that_was_not_delivered_is_delivered_after_the_start(folders, monkeypatch, caplog):
    def broken(_):
        raise OSError("the disk is full")

    with LocalAws(**folders) as aws:
        review.register("a2i", broken)
        account = ReviewAccount(aws.endpoint_url).furnish()
        account.answer("ann", account.start("loop", account.flow("flow")), {"transcript": "kept"})
        until(lambda: caplog.text, lambda text: "the disk is full" in text)
        assert account.describe("loop")["HumanLoopStatus"] == "InProgress"
    with LocalAws(**folders) as aws:
        account = ReviewAccount(aws.endpoint_url)
        uri = account.ended("loop")["HumanLoopOutput"]["OutputS3Uri"]
        assert b"kept" in account.get(uri)["Body"].read()


def test_a_source_that_is_told_again_publishes_again_and_changes_nothing(folders):
    with LocalAws(**folders) as aws:
        account = ReviewAccount(aws.endpoint_url).furnish()
        told = []
        review.register("a2i", lambda ended: (told.append(ended), loops.task_ended(ended)))
        account.answer("ann", account.start("loop", account.flow("flow")), {})
        before = account.ended("loop")
        url = account.sqs.create_queue(QueueName="again")["QueueUrl"]
        arn = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        account.events.put_rule(Name="again", EventPattern=json.dumps({"source": ["aws.sagemaker"]}))
        account.events.put_targets(Rule="again", Targets=[{"Id": "queue", "Arn": arn}])
        loops.task_ended(told[0])
        [message] = account.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
        assert json.loads(message["Body"])["detail"]["humanLoopStatus"] == "Completed"
        after = account.describe("loop")
        assert [after[k] for k in before if k != "ResponseMetadata"] == [
            before[k] for k in before if k != "ResponseMetadata"
        ]
        account.a2i.delete_human_loop(HumanLoopName="loop")
        loops.task_ended(told[0])


def test_a_killed_server_keeps_who_holds_what(child):
    child.start()
    account = ReviewAccount(child.endpoint_url).furnish()
    arn = account.start("loop", account.flow("flow"))
    snapshot = child.home / "snapshot"
    for key in ("one", "two"):  # the second snapshot from here is of a moment after the start
        before = snapshot.stat().st_mtime_ns if snapshot.exists() else 0
        account.s3.put_object(Bucket=account.bucket, Key=key)
        until(
            lambda: snapshot.exists() and snapshot.stat().st_mtime_ns,
            lambda at, was=before: at not in {False, was},
        )
    child.end(kill=True)
    child.start()
    found = ReviewAccount(child.endpoint_url).describe("loop")
    assert (found["HumanLoopStatus"], found["HumanLoopArn"]) == ("InProgress", arn)
