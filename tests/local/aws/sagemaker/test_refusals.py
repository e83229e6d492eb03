"""What AWS refuses, in AWS's words."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from local.aws.services.sagemaker import context
from tests.local.aws.sagemaker.account import IMAGE


def _changed(request, path, value):
    *parents, last = path.split(".")
    target = request
    for name in parents:
        target = target[int(name) if name.isdigit() else name]
    if value is None:
        target.pop(last)
    else:
        target[last] = value
    return request


def _refusal(call, **request):
    with pytest.raises(Exception) as caught:  # noqa: PT011
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (
            "TrainingJobName",
            "under_score",
            "at 'trainingJobName' failed to satisfy constraint: Member must satisfy reg",
        ),
        ("TrainingJobName", "x" * 64, "Member must have length less than or equal to 63"),
        ("TrainingJobName", None, "Value 'null' at 'trainingJobName'"),
        ("RoleArn", "not-an-arn", "at 'roleArn' failed to satisfy constraint"),
        ("RoleArn", None, "Value 'null' at 'roleArn'"),
        ("RoleArn", "arn:aws:iam::123456789012:role/nobody", "Please ensure that the role exists"),
        ("ResourceConfig.InstanceType", "ml.m5.huge", "Member must satisfy enum value set: [ml.m4.xlarge"),
        ("ResourceConfig.InstanceCount", -1, "greater than or equal to"),
        ("ResourceConfig.InstanceCount", 0, "InstanceCount is 0: give 1 to 254"),
        ("ResourceConfig.InstanceCount", 255, "InstanceCount is 255: give 1 to 254"),
        ("ResourceConfig", None, "ResourceConfig is required"),
        ("StoppingCondition.MaxRuntimeInSeconds", 0, "greater than or equal to 1"),
        ("StoppingCondition.MaxRuntimeInSeconds", 2419201, "the limit is 2419200"),
        (
            "AlgorithmSpecification.TrainingImage",
            "123.dkr/unheard-of:1",
            "Requested image 123.dkr/unheard-of:1 not found",
        ),
        (
            "AlgorithmSpecification.MetricDefinitions",
            [{"Name": "loss", "Regex": "loss=([0-9.]+"}],
            "The Regex 'loss=([0-9.]+' of metric loss is invalid: missing )",
        ),
        ("AlgorithmSpecification.TrainingInputMode", "Tape", "enum value set: [Pipe, File, FastFile]"),
        ("OutputDataConfig.S3OutputPath", "/tmp/x", "at 'outputDataConfig.s3OutputPath'"),
        ("InputDataConfig.0.DataSource.S3DataSource.S3Uri", "gs://b/x", "s3Uri"),
        ("InputDataConfig.0.ChannelName", "a b", "at 'inputDataConfig.1.member.channelName'"),
        ("HyperParameters", {"k": "v" * 2501}, "at 'hyperParameters.k'"),
    ],
)
def test_training_requests(account, path, value, says):
    request = account.training_request("refused", channels=[("train", "s3://some-bucket/x")])
    code, message = _refusal(account.sagemaker.create_training_job, **_changed(request, path, value))
    assert code == "ValidationException"
    assert says in message
    assert account.sagemaker.list_training_jobs(NameContains="refused")["TrainingJobSummaries"] == []


@pytest.mark.parametrize(
    ("mode", "channel", "says"),
    [
        (
            "File",
            {"CompressionType": "Gzip"},
            "Invalid compression type for channel train: File mode only supports NONE, got Gzip instead",
        ),
        ("FastFile", {"CompressionType": "Gzip"}, "FastFile mode only supports NONE, got Gzip instead"),
        ("File", {"RecordWrapperType": "RecordIO"}, "File mode only supports NONE, got RecordIO instead"),
        ("Pipe", {"InputMode": "File", "CompressionType": "Gzip"}, "for channel train: File mode only"),
        ("FastFile", {"S3DataType": "ManifestFile"}, "FastFile mode only supports S3Prefix"),
        ("Pipe", {"S3DataType": "AugmentedManifestFile"}, "AugmentedManifestFile of channel train is not"),
        ("Pipe", {"ContentType": "application/x-sagemaker-model"}, "for incremental training"),
        ("Pipe", {"ShuffleConfig": {}}, "Value 'null' at 'inputDataConfig.1.member.shuffleConfig.seed'"),
        ("Pipe", {"CompressionType": "Bzip2"}, "enum value set: [None, Gzip]"),
    ],
)
def test_modes_of_channels(account, mode, channel, says):
    request = account.training_request("refused", channels=[("train", "s3://some-bucket/x")])
    request["AlgorithmSpecification"]["TrainingInputMode"] = mode
    channel = dict(channel)
    source = request["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    source["S3DataType"] = channel.pop("S3DataType", "S3Prefix")
    request["InputDataConfig"][0] |= channel
    code, message = _refusal(account.sagemaker.create_training_job, **request)
    assert (code, says in message) == ("ValidationException", True), message


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ([f"c{n}" for n in range(21)], "Member must have length less than or equal to 20"),
        (["a", "b", "a"], "Channel names must be unique: a, a, b."),
        (["train", "train_1"], "Channel train_1 has the name of a pipe of channel train"),
    ],
)
def test_names_of_channels(account, names, says):
    request = account.training_request("refused", channels=[(name, "s3://some-bucket/x") for name in names])
    request["AlgorithmSpecification"]["TrainingInputMode"] = "Pipe"
    code, message = _refusal(account.sagemaker.create_training_job, **request)
    assert (code, says in message) == ("ValidationException", True), message


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/tmp/x",
        "/opt/ml",
        "/opt/ml/model/x",
        "/opt/ml/output/",
        "/opt/ml/../x",
        "/opt/ml//input",
        "/opt/ml/./input/data",
        "/opt/ml/x/../model",
    ],
)
def test_places_of_checkpoints(account, path):
    config = {"S3Uri": "s3://some-bucket/x", "LocalPath": path}
    request = account.training_request("refused", CheckpointConfig=config)
    code, message = _refusal(account.sagemaker.create_training_job, **request)
    assert (code, "of CheckpointConfig is invalid" in message) == ("ValidationException", True), message


@pytest.mark.parametrize(
    ("spot", "wait", "says"),
    [
        (True, None, "It must be present and be greater than or equal to MaxRuntimeInSeconds: it is missing"),
        (True, 599, "greater than or equal to MaxRuntimeInSeconds: it is 599, MaxRuntimeInSeconds is 600"),
        (True, 0, "greater than or equal to 1"),
        (False, 600, "It is only supported when EnableManagedSpotTraining is set to true"),
    ],
)
def test_waiting_times(account, spot, wait, says):
    condition = {"MaxRuntimeInSeconds": 600} | ({} if wait is None else {"MaxWaitTimeInSeconds": wait})
    request = account.training_request("refused", EnableManagedSpotTraining=spot, StoppingCondition=condition)
    code, message = _refusal(account.sagemaker.create_training_job, **request)
    assert (code, says in message) == ("ValidationException", True), message


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("ProcessingJobName", "-x", "at 'processingJobName'"),
        (
            "ProcessingResources.ClusterConfig.InstanceType",
            "ml.none",
            "processingResources.clusterConfig.instanceType",
        ),
        ("ProcessingResources.ClusterConfig.InstanceCount", 0, "greater than or equal to 1"),
        ("StoppingCondition", {"MaxRuntimeInSeconds": 777601}, "less than or equal to 777600"),
        ("AppSpecification.ImageUri", "x/unheard-of", "Images here: tiny"),
        ("ProcessingInputs.0.S3Input.LocalPath", "/etc", "must be below /opt/ml/processing"),
        (
            "ProcessingInputs.0.S3Input.LocalPath",
            "/opt/ml/processing/../..",
            "must be below /opt/ml/processing",
        ),
        ("ProcessingInputs.0.InputName", "code", "must be unique"),
    ],
)
def test_processing_requests(account, path, value, says):
    request = account.processing_request("refused", "pass", inputs=[("in", "s3://some-bucket/x")])
    code, message = _refusal(account.sagemaker.create_processing_job, **_changed(request, path, value))
    assert code == "ValidationException"
    assert says in message


def test_a_name_is_used_once(account):
    account.train("once")
    code, message = _refusal(account.sagemaker.create_training_job, **account.training_request("once"))
    assert code == "ResourceInUse"
    arn = "arn:aws:sagemaker:us-east-1:123456789012:training-job/once"
    assert message == (
        "Training job names must be unique within an AWS account and region, and a training job with this "
        f"name already exists ({arn})"
    )
    account.process("once", "pass")
    code, message = _refusal(
        account.sagemaker.create_processing_job, **account.processing_request("once", "pass")
    )
    assert (code, "a processing job with this name already exists" in message) == ("ResourceInUse", True)


def test_a_role_must_trust_sagemaker(account):
    stranger = account.iam.create_role(
        RoleName="stranger",
        AssumeRolePolicyDocument='{"Statement": [{"Principal": {"Service": "ec2.amazonaws.com"}}]}',
    )["Role"]["Arn"]
    request = account.training_request("stranger", RoleArn=stranger)
    code, message = _refusal(account.sagemaker.create_training_job, **request)
    assert code == "ValidationException"
    assert "allows principal 'sagemaker.amazonaws.com' to assume" in message


def test_what_is_not_there_cannot_be_described(account):
    sm = account.sagemaker
    for call, argument, says in (
        (sm.describe_training_job, "TrainingJobName", "Requested resource not found."),
        (sm.stop_training_job, "TrainingJobName", "Requested resource not found."),
        (sm.describe_processing_job, "ProcessingJobName", "Could not find requested job with name: ghost"),
        (sm.describe_model, "ModelName", "Could not find model"),
        (sm.describe_endpoint, "EndpointName", "Could not find endpoint"),
        (sm.delete_endpoint, "EndpointName", "Could not find endpoint"),
        (sm.describe_endpoint_config, "EndpointConfigName", "Could not find endpoint configuration"),
    ):
        code, message = _refusal(call, **{argument: "ghost"})
        assert (code, says in message) == ("ValidationException", True), message


def test_models_and_endpoints(account):
    sm, role = account.sagemaker, account.role
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{account.bucket}/no/model.tar.gz"}
    code, message = _refusal(
        sm.create_model, ModelName="m", ExecutionRoleArn=role, PrimaryContainer=container
    )
    assert (code, "Could not find model data at s3://" in message) == ("ValidationException", True)
    code, message = _refusal(
        sm.create_model, ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": "x/unheard-of"}
    )
    assert "Requested image x/unheard-of not found" in message
    sm.create_model(ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": IMAGE})
    code, message = _refusal(
        sm.create_model, ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": IMAGE}
    )
    assert message == (
        'Cannot create already existing model "arn:aws:sagemaker:us-east-1:123456789012:model/m".'
    )
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    for change, says in (
        ({"ModelName": "ghost"}, "Could not find model"),
        ({"InstanceType": "ml.m5.huge"}, "enum value set"),
        ({"InstanceType": None}, "InstanceType"),
    ):
        variants = [{k: v for k, v in (variant | change).items() if v is not None}]
        code, message = _refusal(
            sm.create_endpoint_config, EndpointConfigName="c", ProductionVariants=variants
        )
        assert (code, says in message) == ("ValidationException", True), message
    code, message = _refusal(sm.create_endpoint, EndpointName="e", EndpointConfigName="ghost")
    assert "Could not find endpoint configuration" in message
    with pytest.raises(account.runtime.exceptions.ClientError) as caught:
        account.runtime.invoke_endpoint(EndpointName="ghost", Body=b"")
    assert caught.value.response["Error"] == {
        "Code": "ValidationError",
        "Message": "Endpoint ghost of account 123456789012 not found.",
    }


def test_a_full_quota_is_refused(account, monkeypatch):
    monkeypatch.setattr(context.current(), "quota", 0)
    code, message = _refusal(account.sagemaker.create_training_job, **account.training_request("over"))
    assert code == "ResourceLimitExceeded"
    assert "is 0 Instances, with current utilization of 0 Instances and a request delta of 1" in message


def test_of_requests_for_one_name_at_once_one_is_accepted(account):
    request = account.training_request("crowd")

    def create(_):
        try:
            return account.sagemaker.create_training_job(**request)["TrainingJobArn"]
        except account.sagemaker.exceptions.ResourceInUse:
            return None

    with ThreadPoolExecutor(8) as pool:
        arns = [arn for arn in pool.map(create, range(8)) if arn]
    assert len(arns) == 1
    assert account.trained("crowd")["TrainingJobStatus"] == "Completed"


def test_a_job_that_ended_stays_as_it_ended(account):
    for n in range(5):
        account.sagemaker.create_processing_job(**account.processing_request(f"race-{n}", "pass"))
        with suppress(account.sagemaker.exceptions.ClientError):
            account.sagemaker.stop_processing_job(ProcessingJobName=f"race-{n}")
        job = account.processed(f"race-{n}")
        assert job["ProcessingJobStatus"] in ("Completed", "Stopped")
        assert account.processed(f"race-{n}")["ProcessingEndTime"] == job["ProcessingEndTime"]
