"""Every request is checked against AWS's own model, as botocore carries it."""

import json
from dataclasses import replace

import botocore.session
import pytest
from botocore.validate import validate_parameters

from include.bundles import Bundle
from include.endpoints import Endpoint
from include.sagemaker import Instances, ProcessingJob, TrainingJob
from include.spark import spark_job

INSTANCES = Instances("ml.m5.xlarge", 2)
CODE = Bundle({"train.py": b"", "app.py": b"", "app.jar": b""})
MODEL = botocore.session.get_session().get_service_model("sagemaker")


def check(operation, request):
    validate_parameters(request, MODEL.operation_model(operation).input_shape)
    return request


@pytest.fixture
def locked_down(run, settings):
    """The settings of an account that keeps everything in its VPC and under its own keys."""
    values = settings.model_dump() | {
        "subnets": ("subnet-1", "subnet-2"),
        "security_groups": ("sg-1",),
        "network_isolation": True,
        "volume_kms_key": "key-1",
        "output_kms_key": "key-2",
        "max_runtime_seconds": 600,
    }
    return replace(run, settings=type(settings)(**values))


def processing(run, **changes):
    job = ProcessingJob("spark", ["python3", "a.py"], INSTANCES, outputs={"report": "s3://b/r"}, **changes)
    return check("CreateProcessingJob", {**job.request(run), "ProcessingJobName": "a"})


def test_processing_takes_security_from_settings(locked_down):
    request = processing(locked_down)
    assert request["NetworkConfig"] == {
        "EnableNetworkIsolation": True,
        "VpcConfig": {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
    }
    assert request["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == "key-1"
    assert request["ProcessingOutputConfig"]["KmsKeyId"] == "key-2"
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 600}


def test_training_takes_security_from_settings(locked_down):
    job = TrainingJob("xgboost", INSTANCES, {"train": "s3://b/t"}, "s3://b/m")
    request = check("CreateTrainingJob", {**job.request(locked_down), "TrainingJobName": "a"})
    assert request["EnableNetworkIsolation"] is True
    assert request["VpcConfig"]["SecurityGroupIds"] == ["sg-1"]
    assert request["ResourceConfig"]["VolumeKmsKeyId"] == "key-1"
    assert request["OutputDataConfig"]["KmsKeyId"] == "key-2"


def test_without_a_vpc_nothing_is_said_of_one(run):
    assert processing(run)["NetworkConfig"] == {"EnableNetworkIsolation": False}


def test_shipped_files_become_inputs_at_the_address_of_their_content(run):
    request = processing(run, files={"code": CODE})
    (code,) = request["ProcessingInputs"]
    assert code["S3Input"]["S3Uri"] == f"s3://millrace-test/main/code/abalone/{CODE.digest}/files/"
    assert code["S3Input"]["LocalPath"] == "/opt/ml/processing/input/code"


def test_script_mode_names_program_and_archive(run):
    job = TrainingJob(
        "xgboost", INSTANCES, {"train": "s3://b/t"}, "s3://b/m", code=CODE, hyperparameters={"eta": 0.1}
    )
    found = {k: json.loads(v) for k, v in job.request(run)["HyperParameters"].items()}
    archive = f"s3://millrace-test/main/code/abalone/{CODE.digest}/sourcedir.tar.gz"
    assert found == {"eta": 0.1, "sagemaker_program": "train.py", "sagemaker_submit_directory": archive}


def test_the_built_in_algorithm_gets_plain_values(run):
    job = TrainingJob("xgboost", INSTANCES, {}, "s3://b/m", hyperparameters={"objective": "reg:squarederror"})
    assert job.request(run)["HyperParameters"] == {"objective": "reg:squarederror"}


def test_an_endpoint_is_a_model_and_a_configuration(locked_down):
    endpoint = Endpoint("xgboost", "s3://b/model.tar.gz", INSTANCES)
    check("CreateModel", endpoint.model_request(locked_down, "a"))
    config = check("CreateEndpointConfig", endpoint.config_request(locked_down, "a"))
    assert config["KmsKeyId"] == "key-1"


def test_a_spark_script_with_everything(run):
    job = spark_job(
        "app.py",
        code=CODE,
        instances=INSTANCES,
        arguments=["--a", "1"],
        py_files="s3://b/py/",
        jars="s3://b/jars/",
        configuration=[{"Classification": "spark-defaults", "Properties": {"spark.executor.memory": "2g"}}],
        event_logs="s3://b/events",
    )
    request = check("CreateProcessingJob", {**job.request(run), "ProcessingJobName": "a"})
    app = request["AppSpecification"]
    assert app["ContainerEntrypoint"] == [
        "smspark-submit",
        *("--py-files", "/opt/ml/processing/input/py-files"),
        *("--jars", "/opt/ml/processing/input/jars"),
        *("--local-spark-event-logs-dir", "/opt/ml/processing/spark-events/"),
        "/opt/ml/processing/input/code/app.py",
    ]
    assert app["ContainerArguments"] == ["--a", "1"]
    assert {i["InputName"] for i in request["ProcessingInputs"]} == {"code", "conf", "jars", "py-files"}
    (events,) = request["ProcessingOutputConfig"]["Outputs"]
    assert events["S3Output"]["S3UploadMode"] == "Continuous"
    (conf,) = [bundle for bundle in job.bundles() if "configuration.json" in bundle.files]
    assert json.loads(conf.files["configuration.json"])[0]["Classification"] == "spark-defaults"


def test_a_jar_runs_its_main_class(run):
    job = spark_job("app.jar", code=CODE, instances=INSTANCES, main_class="org.example.Main")
    assert job.command == [
        "smspark-submit",
        "--class",
        "org.example.Main",
        "/opt/ml/processing/input/code/app.jar",
    ]


@pytest.mark.parametrize(("application", "main_class"), [("app.jar", None), ("app.py", "org.example.Main")])
def test_a_jar_needs_a_main_class_and_a_script_has_none(application, main_class):
    with pytest.raises(ValueError, match="needs its main class"):
        spark_job(application, code=CODE, instances=INSTANCES, main_class=main_class)


def test_configuration_without_a_classification_is_refused():
    with pytest.raises(ValueError, match="has no 'Classification'"):
        spark_job("app.py", code=CODE, instances=INSTANCES, configuration=[{"Properties": {}}])
