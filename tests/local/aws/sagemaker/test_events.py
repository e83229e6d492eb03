"""Every change of state is an event in AWS's shape, delivered through EventBridge to a queue."""

import json
import time

import pytest

from local.aws.services.sagemaker import context
from local.aws.services.sagemaker.spot import SpotMarket
from tests.local.aws.sagemaker.account import IMAGE, until

SUBJECTS = (
    "Training Job",
    "Processing Job",
    "Transform Job",
    "HyperParameter Tuning Job",
    "Endpoint",
    "Model Package",
)
TAGS = [{"Key": "millrace:dag", "Value": "abalone"}]


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
    assert detail["Tags"] == {}


def test_an_interruption_of_a_spot_job(account, queue, monkeypatch):
    monkeypatch.setattr(context.current(), "market", SpotMarket((0.1,)))
    request = account.training_request("told-spot", "import time; time.sleep(1)")
    request |= {"EnableManagedSpotTraining": True}
    request["StoppingCondition"]["MaxWaitTimeInSeconds"] = 600
    arn = account.sagemaker.create_training_job(**request)["TrainingJobArn"]
    events = _received(account, queue, arn, lambda d: d["SecondaryStatus"] == "Completed")
    statuses = [event["detail"]["SecondaryStatus"] for event in events]
    assert statuses.count("Interrupted") == 1
    assert statuses.count("Training") == 2
    [interrupted] = [e["detail"] for e in events if e["detail"]["SecondaryStatus"] == "Interrupted"]
    assert interrupted["TrainingJobStatus"] == "InProgress"


def test_a_failure_is_told_with_its_reason(account, queue):
    job = account.process("told-bad", "raise SystemExit('no rows')")
    events = _received(
        account, queue, job["ProcessingJobArn"], lambda d: d["ProcessingJobStatus"] == "Failed"
    )
    assert {event["detail"]["ProcessingJobStatus"] for event in events} == {"InProgress", "Failed"}
    [failed] = [e for e in events if e["detail"]["ProcessingJobStatus"] == "Failed"]
    assert failed["detail"]["FailureReason"] == "AlgorithmError: no rows, exit code: 1"
    assert failed["detail-type"] == "SageMaker Processing Job State Change"


def test_transform_jobs(account, queue):
    account.sagemaker.create_model(
        ModelName="told-batch", ExecutionRoleArn=account.role, PrimaryContainer={"Image": IMAGE}
    )
    uri = account.put("told/in/a.csv", b"400")
    request = account.transform_request("told", "told-batch", uri, Tags=TAGS)
    arn = account.sagemaker.create_transform_job(**request)["TransformJobArn"]
    events = _received(account, queue, arn, lambda d: d["TransformJobStatus"] == "Failed")
    statuses = {event["detail"]["TransformJobStatus"]: event["detail"] for event in events}
    assert set(statuses) == {"InProgress", "Failed"}
    assert {event["detail-type"] for event in events} == {"SageMaker Transform Job State Change"}
    detail = statuses["Failed"]
    assert (detail["TransformJobName"], detail["TransformJobArn"]) == ("told", arn)
    assert (detail["ModelName"], detail["Tags"]) == ("told-batch", {"millrace:dag": "abalone"})
    assert detail["FailureReason"].startswith("ClientError: See job logs for more information")
    assert detail["CreationTime"] <= detail["TransformStartTime"] <= detail["TransformEndTime"]


def test_tuning_jobs(account, queue):
    ranges = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["1", "2"]}]}
    request = account.tuning_request("told", "print('loss=' + hp['x'])", ranges, jobs=2, strategy="Grid")
    arn = account.sagemaker.create_hyper_parameter_tuning_job(**request, Tags=TAGS)[
        "HyperParameterTuningJobArn"
    ]
    events = _received(account, queue, arn, lambda d: d["HyperParameterTuningJobStatus"] == "Completed")
    statuses = {event["detail"]["HyperParameterTuningJobStatus"]: event["detail"] for event in events}
    assert set(statuses) == {"InProgress", "Completed"}
    assert {event["detail-type"] for event in events} == {"SageMaker HyperParameter Tuning Job State Change"}
    detail = statuses["Completed"]
    assert (detail["HyperParameterTuningJobName"], detail["HyperParameterTuningJobArn"]) == ("told", arn)
    assert detail["TrainingJobStatusCounters"]["Completed"] == 2
    assert detail["ObjectiveStatusCounters"] == {"Succeeded": 2, "Pending": 0, "Failed": 0}
    assert detail["TrainingJobDefinition"]["RoleArn"] == account.role
    assert detail["Tags"] == {"millrace:dag": "abalone"}


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
