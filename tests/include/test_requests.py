"""Every request is checked against AWS's own model, as botocore carries it."""

import json
from dataclasses import replace

import botocore.session
import pytest
from botocore.validate import validate_parameters

from include.bundles import Bundle
from include.endpoints import Endpoint
from include.sagemaker import (
    Channel,
    Instances,
    Interval,
    ProcessingJob,
    Spot,
    TrainingJob,
    TransformJob,
    TuningJob,
)
from include.spark import spark_job

INSTANCES = Instances("ml.m5.xlarge", 2)
CODE = Bundle({"train.py": b"", "app.py": b"", "app.jar": b""})
MODEL = botocore.session.get_session().get_service_model("sagemaker")


def check(operation, request, service="sagemaker"):
    """The request; raises ParamValidationError, with all that is wrong, where AWS's own model refuses it."""
    model = botocore.session.get_session().get_service_model(service)
    validate_parameters(request, model.operation_model(operation).input_shape)
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
    job = TrainingJob("xgboost", INSTANCES, {"train": Channel("s3://b/t")}, "s3://b/m")
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


def test_a_channel_says_how_its_bytes_arrive(run):
    channels = {
        "plain": Channel("s3://b/t"),
        "train_0": Channel(
            "s3://b/0", "application/x-recordio-protobuf", "Pipe", shuffle_seed=7, sharded=True, manifest=True
        ),
    }
    request = TrainingJob("xgboost", INSTANCES, channels, "s3://b/m", version="3.3").request(run)
    check("CreateTrainingJob", {**request, "TrainingJobName": "a"})
    plain, piped = request["InputDataConfig"]
    assert plain["InputMode"] == "File"
    assert "ShuffleConfig" not in plain
    assert (piped["InputMode"], piped["ShuffleConfig"]) == ("Pipe", {"Seed": 7})
    source = piped["DataSource"]["S3DataSource"]
    assert (source["S3DataDistributionType"], source["S3DataType"]) == ("ShardedByS3Key", "ManifestFile")
    assert request["AlgorithmSpecification"]["TrainingImage"].endswith("/xgboost:3.3")


def test_a_spot_job_waits_at_least_as_long_as_it_may_run(run):
    longest = run.settings.max_runtime_seconds
    channels = {"train": Channel("s3://b/t")}
    job = TrainingJob("xgboost", INSTANCES, channels, "s3://b/m", checkpoints="s3://b/c", spot=Spot(longest))
    request = check("CreateTrainingJob", {**job.request(run), "TrainingJobName": "a"})
    assert request["EnableManagedSpotTraining"] is True
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": longest, "MaxWaitTimeInSeconds": longest}
    assert request["CheckpointConfig"] == {"S3Uri": "s3://b/c"}
    with pytest.raises(ValueError, match=f"max_wait_seconds is {longest - 1}, less than the {longest}"):
        replace(job, spot=Spot(longest - 1)).request(run)


def test_script_mode_names_program_and_archive(run):
    job = TrainingJob(
        "xgboost",
        INSTANCES,
        {"train": Channel("s3://b/t")},
        "s3://b/m",
        code=CODE,
        hyperparameters={"eta": 0.1},
    )
    found = {k: json.loads(v) for k, v in job.request(run)["HyperParameters"].items()}
    archive = f"s3://millrace-test/main/code/abalone/{CODE.digest}/sourcedir.tar.gz"
    assert found == {"eta": 0.1, "sagemaker_program": "train.py", "sagemaker_submit_directory": archive}


def test_the_built_in_algorithm_gets_plain_values(run):
    job = TrainingJob("xgboost", INSTANCES, {}, "s3://b/m", hyperparameters={"objective": "reg:squarederror"})
    assert job.request(run)["HyperParameters"] == {"objective": "reg:squarederror"}


def tuning(run, *, code=None, **changes):
    training = TrainingJob(
        "xgboost",
        INSTANCES,
        {"train": Channel("s3://b/t")},
        "s3://b/m",
        hyperparameters={"objective": "reg:squarederror"},
        metric_definitions={"validation:rmse": "rmse:([0-9.]+)"},
        code=code,
    )
    ranges = {
        "max_depth": Interval(2, 8),
        "eta": Interval(0.01, 1, "Logarithmic"),
        "booster": ["gbtree", "dart"],
    }
    job = TuningJob(training, **{"ranges": ranges, "objective": "validation:rmse", "max_jobs": 9} | changes)
    return job, check(
        "CreateHyperParameterTuningJob", {**job.request(run), "HyperParameterTuningJobName": "a"}
    )


def test_tuning_separates_what_stays_from_what_is_searched(run):
    _, request = tuning(run, max_parallel_jobs=3, goal="Maximize", strategy="Random", seed=7)
    config = request["HyperParameterTuningJobConfig"]
    assert config["ParameterRanges"] == {
        "IntegerParameterRanges": [
            {"Name": "max_depth", "MinValue": "2", "MaxValue": "8", "ScalingType": "Auto"}
        ],
        "ContinuousParameterRanges": [
            {"Name": "eta", "MinValue": "0.01", "MaxValue": "1", "ScalingType": "Logarithmic"}
        ],
        "CategoricalParameterRanges": [{"Name": "booster", "Values": ["gbtree", "dart"]}],
    }
    assert config["HyperParameterTuningJobObjective"] == {"Type": "Maximize", "MetricName": "validation:rmse"}
    assert config["ResourceLimits"] == {"MaxNumberOfTrainingJobs": 9, "MaxParallelTrainingJobs": 3}
    assert (config["Strategy"], config["RandomSeed"]) == ("Random", 7)
    definition = request["TrainingJobDefinition"]
    assert definition["StaticHyperParameters"] == {"objective": "reg:squarederror"}
    assert "HyperParameters" not in definition


def test_tuning_is_what_it_was_unless_asked(run):
    _, request = tuning(run)
    config = request["HyperParameterTuningJobConfig"]
    assert config["TrainingJobEarlyStoppingType"] == "Off"
    assert "WarmStartConfig" not in request
    assert "TuningJobCompletionCriteria" not in config


def test_tuning_stops_early_and_starts_from_others(run):
    _, request = tuning(
        run,
        early_stopping=True,
        warm_start=["yesterday", "before"],
        warm_start_type="IdenticalDataAndAlgorithm",
        target=0.0,
        max_jobs_not_improving=3,
        max_runtime_seconds=600,
    )
    config = request["HyperParameterTuningJobConfig"]
    assert config["TrainingJobEarlyStoppingType"] == "Auto"
    assert config["ResourceLimits"]["MaxRuntimeInSeconds"] == 600
    assert config["TuningJobCompletionCriteria"] == {
        "TargetObjectiveMetricValue": 0.0,
        "BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3},
    }
    names = [{"HyperParameterTuningJobName": name} for name in ("yesterday", "before")]
    assert request["WarmStartConfig"] == {
        "ParentHyperParameterTuningJobs": names,
        "WarmStartType": "IdenticalDataAndAlgorithm",
    }


def test_tuning_takes_security_from_settings(locked_down):
    _, request = tuning(locked_down)
    definition = request["TrainingJobDefinition"]
    assert definition["RoleArn"] == locked_down.settings.role_arn
    assert definition["EnableNetworkIsolation"] is True
    assert definition["VpcConfig"]["SecurityGroupIds"] == ["sg-1"]
    assert definition["ResourceConfig"]["VolumeKmsKeyId"] == "key-1"
    assert definition["OutputDataConfig"]["KmsKeyId"] == "key-2"
    assert definition["StoppingCondition"] == {"MaxRuntimeInSeconds": 600}


def test_tuning_a_script_keeps_its_values_json(run):
    job, request = tuning(run, code=CODE, ranges={"booster": ["gbtree"], "rounds": [10, 20]})
    assert job.bundles() == [CODE]
    static = request["TrainingJobDefinition"]["StaticHyperParameters"]
    assert json.loads(static["objective"]) == "reg:squarederror"
    assert json.loads(static["sagemaker_program"]) == "train.py"
    found = request["HyperParameterTuningJobConfig"]["ParameterRanges"]["CategoricalParameterRanges"]
    assert found == [
        {"Name": "booster", "Values": ['"gbtree"']},
        {"Name": "rounds", "Values": ["10", "20"]},
    ]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"objective": "rmse"}, "'rmse' is not a metric of the training job: validation:rmse"),
        ({"ranges": {"objective": ["a"]}}, "both fixed and searched: objective"),
        ({"warm_start": list("abcdef")}, "warm_start names 6 tuning jobs: give at most 5"),
    ],
)
def test_a_search_that_cannot_work_is_refused(run, changes, says):
    with pytest.raises(ValueError, match=says):
        tuning(run, **changes)


def test_transform_takes_keys_from_settings(locked_down):
    job = TransformJob("m", "s3://b/in/", "s3://b/out", INSTANCES, accept="text/csv")
    request = check("CreateTransformJob", {**job.request(locked_down), "TransformJobName": "a"})
    assert request["TransformInput"] == {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in/"}},
        "ContentType": "text/csv",
        "SplitType": "Line",
    }
    assert request["TransformOutput"] == {
        "S3OutputPath": "s3://b/out",
        "AssembleWith": "Line",
        "Accept": "text/csv",
        "KmsKeyId": "key-2",
    }
    assert request["TransformResources"] == {
        "InstanceType": "ml.m5.xlarge",
        "InstanceCount": 2,
        "VolumeKmsKeyId": "key-1",
    }
    assert (job.bundles(), job.metrics_uri()) == ([], None)


def test_an_object_may_be_sent_whole(run):
    job = TransformJob("m", "s3://b/in/", "s3://b/out", INSTANCES, split="None")
    request = check("CreateTransformJob", {**job.request(run), "TransformJobName": "a"})
    assert request["TransformInput"]["SplitType"] == request["TransformOutput"]["AssembleWith"] == "None"
    assert "KmsKeyId" not in request["TransformOutput"]


def test_a_transform_may_keep_a_column_from_the_model_and_join_it_to_the_answer(run):
    job = TransformJob(
        "m",
        "s3://b/in/",
        "s3://b/out",
        INSTANCES,
        input_filter="$[1:]",
        join="Input",
        output_filter="$[0,-1]",
    )
    request = check("CreateTransformJob", {**job.request(run), "TransformJobName": "a"})
    assert request["DataProcessing"] == {
        "InputFilter": "$[1:]",
        "OutputFilter": "$[0,-1]",
        "JoinSource": "Input",
    }
    # Both sides must be said to have one format, and lines.
    assert (request["TransformInput"]["ContentType"], request["TransformOutput"]["Accept"]) == (
        "text/csv",
        "text/csv",
    )
    assert request["TransformInput"]["SplitType"] == request["TransformOutput"]["AssembleWith"] == "Line"


def test_a_transform_of_whole_records_says_nothing_of_data_processing(run):
    request = TransformJob("m", "s3://b/in/", "s3://b/out", INSTANCES).request(run)
    assert "DataProcessing" not in request
    assert "Accept" not in request["TransformOutput"]


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
