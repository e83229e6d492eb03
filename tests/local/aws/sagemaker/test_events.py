"""Every change of state is an event in AWS's shape, delivered through EventBridge to a queue."""

import json
import time

import pytest

from tests.local.aws.sagemaker.account import IMAGE, until

SUBJECTS = ("Training Job", "Processing Job", "Endpoint", "Model Package")


@pytest.fixture(scope="module")
def queue(account):
    url = account.sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    pattern = {"source": ["aws.sagemaker"], "detail-type": [f"SageMaker {s} State Change" for s in SUBJECTS]}
    account.events.put_rule(Name="sagemaker", EventPattern=json.dumps(pattern))
    account.events.put_targets(Rule="sagemaker", Targets=[{"Id": "queue", "Arn": arn}])
    return url


def _received(account, queue, arn, last):
    """The events of `arn` in the order of their times, up to the one that `last` is true of."""
    found = []

    def look():
        answer = account.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            event = json.loads(message["Body"])
            if event["resources"] == [arn]:
                found.append(event)
            account.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    until(look, lambda events: any(last(event["detail"]) for event in events), 20)
    return sorted(found, key=lambda event: event["detail"].get("LastModifiedTime", 0))


def test_training(account, queue):
    before = time.time() * 1000
    job = account.train("told")
    arn = job["TrainingJobArn"]
    events = _received(account, queue, arn, lambda d: d["SecondaryStatus"] == "Completed")
    statuses = [event["detail"]["SecondaryStatus"] for event in events]
    assert set(statuses) == {"Starting", "Downloading", "Training", "Uploading", "Completed"}
    event = next(e for e in events if e["detail"]["SecondaryStatus"] == "Completed")
    assert event["source"] == "aws.sagemaker"
    assert event["detail-type"] == "SageMaker Training Job State Change"
    assert (event["account"], event["region"]) == ("123456789012", "us-east-1")
    detail = event["detail"]
    assert (detail["TrainingJobName"], detail["TrainingJobArn"]) == ("told", arn)
    assert detail["ModelArtifacts"]["S3ModelArtifacts"].endswith("/told/output/model.tar.gz")
    assert before - 1000 <= detail["CreationTime"] <= detail["TrainingEndTime"] <= time.time() * 1000
    assert isinstance(detail["CreationTime"], int)


def test_a_failure_is_told_with_its_reason(account, queue):
    job = account.process("told-bad", "raise SystemExit('no rows')")
    events = _received(
        account, queue, job["ProcessingJobArn"], lambda d: d["ProcessingJobStatus"] == "Failed"
    )
    assert {event["detail"]["ProcessingJobStatus"] for event in events} == {"InProgress", "Failed"}
    [failed] = [e for e in events if e["detail"]["ProcessingJobStatus"] == "Failed"]
    assert failed["detail"]["FailureReason"] == "AlgorithmError: no rows, exit code: 1"
    assert failed["detail-type"] == "SageMaker Processing Job State Change"


def test_endpoints_spell_their_status_in_capitals(account, queue):
    account.sagemaker.create_model(
        ModelName="told", ExecutionRoleArn=account.role, PrimaryContainer={"Image": IMAGE}
    )
    variant = {
        "VariantName": "v",
        "ModelName": "told",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    account.sagemaker.create_endpoint_config(EndpointConfigName="told", ProductionVariants=[variant])
    arn = account.sagemaker.create_endpoint(EndpointName="told", EndpointConfigName="told")["EndpointArn"]
    account.served("told")
    account.sagemaker.delete_endpoint(EndpointName="told")
    events = _received(account, queue, arn, lambda d: d["EndpointStatus"] == "DELETING")
    assert {event["detail"]["EndpointStatus"] for event in events} == {"CREATING", "IN_SERVICE", "DELETING"}
    assert {event["detail-type"] for event in events} == {"SageMaker Endpoint State Change"}


def test_packages_tell_their_approval(account, queue):
    account.sagemaker.create_model_package_group(ModelPackageGroupName="told")
    arn = account.sagemaker.create_model_package(ModelPackageGroupName="told")["ModelPackageArn"]
    account.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    events = _received(account, queue, arn, lambda d: d["ModelApprovalStatus"] == "Approved")
    assert {e["detail"]["ModelApprovalStatus"] for e in events} == {"PendingManualApproval", "Approved"}
    assert {e["detail"]["ModelPackageGroupName"] for e in events} == {"told"}
