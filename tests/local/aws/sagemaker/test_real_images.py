"""The images of the repository, installed and run as jobs and endpoints."""

import hashlib
import io
import json
import os
import pickle
import random
import tarfile
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.include.jobs.conftest import IMAGES
from tests.local.aws.sagemaker.account import Account, until

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
OURS = "123456789012.dkr.ecr.us-east-1.amazonaws.com/millrace/xgboost"
SPARK = "173754725891.dkr.ecr.us-east-1.amazonaws.com/sagemaker-spark-processing:3.5-cpu-py312-v1.0"
HYPERPARAMETERS = {
    "num_round": "5",
    "max_depth": "3",
    "objective": "reg:squarederror",
    "subsample": "0.7",
    "seed": "42",
}


@pytest.fixture(scope="module")
def images():
    """Shared with `make run`, so that the environment is installed once."""
    return IMAGES


@pytest.fixture(scope="module")
def variables():
    """The images of the repository."""
    return {}


@pytest.fixture(scope="module")
def account(server):
    account = Account(server.endpoint_url).furnish()
    draw = random.Random(7)
    rows = [[draw.random() for _ in range(3)] for _ in range(200)]
    labels = [round(10 * a + b, 3) for a, b, _ in rows]
    for channel, part in (("train", slice(0, 150)), ("validation", slice(150, 200))):
        pairs = list(zip(labels[part], rows[part], strict=True))
        csv = "\n".join(",".join(map(str, [label, *row])) for label, row in pairs)
        svm = "\n".join(f"{label} " + " ".join(f"{i}:{v}" for i, v in enumerate(row)) for label, row in pairs)
        account.put(f"csv/{channel}/part-0.csv", csv.encode())
        account.put(f"svm/{channel}/part-0", svm.encode())
    return account


def _request(account, name, image, hyperparameters=HYPERPARAMETERS, kind="csv", content_type="text/csv"):
    request = account.training_request(
        name, channels=[(c, f"s3://{account.bucket}/{kind}/{c}") for c in ("train", "validation")]
    )
    request["HyperParameters"] = hyperparameters
    for channel in request["InputDataConfig"]:
        channel["ContentType"] = content_type
    metric = {
        "Name": "validation:rmse",
        "Regex": r".*\[[0-9]+\].*#011validation-rmse:([-+]?[0-9]*\.?[0-9]+).*",
    }
    request["AlgorithmSpecification"] |= {"TrainingImage": image, "MetricDefinitions": [metric]}
    return request


def _train(account, name, hyperparameters, kind="csv", content_type="text/csv"):
    request = _request(account, name, XGBOOST, hyperparameters, kind, content_type)
    account.sagemaker.create_training_job(**request)
    return account.trained(name)


def _model(account, job):
    with tarfile.open(fileobj=io.BytesIO(account.get(f"models/{job}/output/model.tar.gz"))) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar.getmembers()}


def test_the_built_in_algorithm_learns_and_one_seed_gives_one_model(account):
    digests = {}
    for name, seed in (("seed-1", "42"), ("seed-2", "42"), ("seed-3", "43")):
        job = _train(account, name, HYPERPARAMETERS | {"seed": seed})
        assert job["TrainingJobStatus"] == "Completed", job
        [metric] = job["FinalMetricDataList"]
        assert (metric["MetricName"], 0 < metric["Value"] < 2) == ("validation:rmse", True)
        digests[name] = hashlib.sha256(_model(account, name)["xgboost-model"]).hexdigest()
    assert digests["seed-1"] == digests["seed-2"] != digests["seed-3"]
    lines = account.lines("/aws/sagemaker/TrainingJobs", "seed-1/")
    assert any(line.startswith("[4]#011train-rmse:") for line in lines)


def test_the_image_is_also_run_by_its_program(account):
    request = account.training_request("program", channels=[("train", f"s3://{account.bucket}/csv/train")])
    request["HyperParameters"] = {"num_round": "x"}
    request["AlgorithmSpecification"] |= {"TrainingImage": XGBOOST, "ContainerEntrypoint": ["train"]}
    account.sagemaker.create_training_job(**request)
    assert (
        "Hyperparameter num_round is 'x': it must be of type int"
        in account.trained("program")["FailureReason"]
    )


@pytest.mark.parametrize(
    ("tag", "version"), [("latest", "3.2.0"), pytest.param("3.0.5", "3.0.5", marks=pytest.mark.slow)]
)
def test_the_tag_of_the_image_is_its_version(account, tag, version):
    account.sagemaker.create_training_job(**_request(account, f"tag-{tag[0]}", f"{OURS}:{tag}"))
    assert account.trained(f"tag-{tag[0]}")["TrainingJobStatus"] == "Completed"
    assert f"XGBoost {version}" in account.lines("/aws/sagemaker/TrainingJobs", f"tag-{tag[0]}/")


def test_a_version_that_is_not_here_is_refused(account):
    with pytest.raises(account.sagemaker.exceptions.ClientError) as caught:
        account.sagemaker.create_training_job(**_request(account, "tag-9", f"{OURS}:9.9.9"))
    assert "Image xgboost is not here in version 9.9.9. Versions here: 3.0.5, 3.2.0." in str(caught.value)


@pytest.mark.slow
def test_a_pipe_trains_the_model_that_files_train(account):
    for name, mode in (("by-file", "File"), ("by-fast-file", "FastFile"), ("by-pipe", "Pipe")):
        request = _request(account, name, OURS)
        for channel in request["InputDataConfig"]:
            channel["InputMode"] = mode
        account.sagemaker.create_training_job(**request)
        assert account.trained(name)["TrainingJobStatus"] == "Completed"
    models = {_model(account, name)["xgboost-model"] for name in ("by-file", "by-fast-file", "by-pipe")}
    assert len(models) == 1


@pytest.mark.slow
def test_two_instances_train_one_model(account):
    request = _request(account, "pair", OURS)
    request["ResourceConfig"]["InstanceCount"] = 2
    account.sagemaker.create_training_job(**request)
    job = account.trained("pair")
    assert job["TrainingJobStatus"] == "Completed", job
    [metric] = job["FinalMetricDataList"]
    assert 0 < metric["Value"] < 2
    assert list(_model(account, "pair")) == ["xgboost-model"]


@pytest.mark.slow
def test_a_spot_job_trains_each_round_once(account):
    request = _request(account, "spot", OURS, HYPERPARAMETERS | {"num_round": "400", "subsample": "1"})
    request |= {
        "EnableManagedSpotTraining": True,
        "CheckpointConfig": {"S3Uri": f"s3://{account.bucket}/checkpoints"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600},
    }
    account.sagemaker.create_training_job(**request)
    until(lambda: _rounds(account, "spot"), lambda rounds: len(rounds) > 5, 60)
    url = f"{account.sagemaker.meta.endpoint_url}/_millrace/jobs/training/spot/interrupt"
    assert httpx.post(url, trust_env=False).status_code == 202
    job = account.trained("spot")
    assert job["TrainingJobStatus"] == "Completed", job
    statuses = [step["Status"] for step in job["SecondaryStatusTransitions"]]
    assert (statuses.count("Interrupted"), statuses.count("Training")) == (1, 2)
    rounds = _rounds(account, "spot")
    assert sorted(set(rounds)) == list(range(400))
    assert rounds.count(0) == 1, "it began anew"
    # What was trained and not yet in a checkpoint is trained again: a round at most.
    assert len(rounds) <= 401


def _rounds(account, name):
    """The numbers of the rounds in a job's log, in its order; none before it has printed anything."""
    try:
        lines = account.lines("/aws/sagemaker/TrainingJobs", f"{name}/")
    except account.logs.exceptions.ResourceNotFoundException:
        return []
    return [int(line[1 : line.index("]")]) for line in lines if "#011train-rmse" in line]


@pytest.mark.slow
def test_libsvm_is_read(account):
    job = _train(account, "svm", HYPERPARAMETERS, "svm", "text/libsvm")
    assert job["TrainingJobStatus"] == "Completed", job


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("no-rounds", {"num_round": None}, "Hyperparameter num_round is required"),
        ("eta", {"eta": "7"}, "Hyperparameter eta is 7.0: it must be from 0 to 1"),
        ("typo", {"max_dept": "3"}, "Unknown hyperparameters: max_dept"),
        ("classes", {"objective": "multi:softmax"}, "num_class is required"),
    ],
)
def test_wrong_hyperparameters_fail_the_job_with_a_sentence(account, name, change, says):
    values = {k: v for k, v in (HYPERPARAMETERS | change).items() if v is not None}
    reason = _train(account, name, values)["FailureReason"]
    assert reason.startswith("AlgorithmError: ")
    assert says in reason


def test_data_that_is_not_numbers_fails_the_job_with_a_sentence(account):
    for channel in ("train", "validation"):
        account.put(f"bad/{channel}/x.csv", b"rings,length\n1,2\n")
    reason = _train(account, "header", HYPERPARAMETERS, "bad")["FailureReason"]
    assert "x.csv of channel train is not a headerless CSV of numbers, label first" in reason


SCRIPT = """
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
options = parser.parse_args()
import xgboost
from extra import WORD
rows = sorted(p.name for p in pathlib.Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir())
pathlib.Path(options.model_dir, "note").write_text(f"{WORD} {options.rate} {rows} {xgboost.__version__}")
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "log").write_text("x")
if options.rate > 1:
    raise ValueError(f"rate is {options.rate}; the bound is 1")
"""


def _source(account, key, **files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(f"{name}.py")
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return account.put(key, buffer.getvalue())


def test_script_mode(account):
    uri = _source(account, "source.tar.gz", train=SCRIPT, extra="WORD = 'hello'")
    values = {"sagemaker_program": '"train.py"', "sagemaker_submit_directory": json.dumps(uri)}
    job = _train(account, "script", values | {"rate": "0.5"})
    assert job["TrainingJobStatus"] == "Completed", job
    assert _model(account, "script")["note"] == b"hello 0.5 ['part-0.csv'] 3.2.0"
    job = _train(account, "script-bad", values | {"rate": "2"})
    reason = "ExecuteUserScriptError: train.py: ValueError: rate is 2.0; the bound is 1"
    assert job["FailureReason"] == f"AlgorithmError: {reason}, exit code: 1"
    job = _train(account, "script-gone", values | {"sagemaker_program": '"none.py"'})
    assert "none.py is not in the source directory; it holds extra.py, train.py" in job["FailureReason"]


def _endpoint(account, name, data, **environment):
    container = {"Image": XGBOOST, "ModelDataUrl": data, "Environment": environment}
    account.sagemaker.create_model(ModelName=name, ExecutionRoleArn=account.role, PrimaryContainer=container)
    variant = {
        "VariantName": "v",
        "ModelName": name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    account.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    account.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return account.served(name)


def test_the_built_in_model_serves(account):
    _train(account, "serve", HYPERPARAMETERS)
    found = _endpoint(account, "serve", f"s3://{account.bucket}/models/serve/output/model.tar.gz")
    assert found["EndpointStatus"] == "InService", found

    def ask(body, content_type="text/csv", **options):
        answer = account.runtime.invoke_endpoint(
            EndpointName="serve", Body=body, ContentType=content_type, **options
        )
        return answer["ContentType"], answer["Body"].read().decode()

    kind, text = ask("0.9,0.1,0.5\n0.1,0.1,0.5")
    high, low = map(float, text.split())
    assert (kind.split(";")[0], high > low) == ("text/csv", True)
    assert float(ask("0:0.9 1:0.1 2:0.5", "text/libsvm")[1]) == high
    _, text = ask("0.9,0.1,0.5", Accept="application/json")
    assert json.loads(text) == {"predictions": [{"score": high}]}
    for body, content_type, accept, status, says in (
        ("a,b,c", "text/csv", "", 400, "not a headerless CSV of numbers"),
        ("1,2", "text/csv", "", 400, "The rows have 2 features; the model was trained with 3."),
        ("", "text/csv", "", 400, "The body is empty"),
        (b"\xff\xfe1", "text/csv", "", 400, "not a headerless CSV of numbers"),
        ("1,2,inf", "text/csv", "", 400, "infinite"),
        ("x:y", "text/libsvm", "", 400, "not libsvm"),
        ("1,2,3", "image/png", "", 415, "send text/csv, text/libsvm"),
        ("1,2,3", "text/csv", "image/png", 406, "ask for text/csv, application/json"),
    ):
        with pytest.raises(account.runtime.exceptions.ModelError) as caught:
            ask(body, content_type, Accept=accept)
        answer = caught.value.response
        assert (answer["OriginalStatusCode"], says in answer["OriginalMessage"]) == (status, True), answer


def test_a_script_serves_any_body(account):
    functions = """
def model_fn(folder):
    return "m"
def input_fn(body, content_type):
    if content_type != "audio/wav":
        raise ValueError("send audio/wav")
    return body
def predict_fn(data, model):
    return bytes(reversed(data))
def output_fn(prediction, accept):
    return prediction, "audio/wav"
"""
    uri = _source(account, "inference.tar.gz", inference=functions)
    data = _source(account, "empty-model.tar.gz")
    found = _endpoint(
        account, "script", data, SAGEMAKER_PROGRAM="inference.py", SAGEMAKER_SUBMIT_DIRECTORY=uri
    )
    assert found["EndpointStatus"] == "InService", found
    body = bytes(range(256))
    answer = account.runtime.invoke_endpoint(EndpointName="script", Body=body, ContentType="audio/wav")
    assert (answer["Body"].read(), answer["ContentType"]) == (body[::-1], "audio/wav")
    with pytest.raises(account.runtime.exceptions.ModelError, match="send audio/wav"):
        account.runtime.invoke_endpoint(EndpointName="script", Body=body, ContentType="text/csv")


class _Harmful:
    def __reduce__(self):
        return os.system, ("touch /tmp/millrace-unpickled",)


def test_a_pickle_is_not_read(account):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        content = pickle.dumps(_Harmful())
        info = tarfile.TarInfo("xgboost-model")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    found = _endpoint(account, "pickle", account.put("pickle.tar.gz", buffer.getvalue()))
    assert found["EndpointStatus"] == "Failed"
    assert "not in XGBoost's UBJ or JSON format" in found["FailureReason"]
    assert not Path("/tmp/millrace-unpickled").exists()


APPLICATION = """
import sys
from library import double
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
context = spark.sparkContext
hadoop = context._jsc.hadoopConfiguration()
conf = context.getConf()
print("SEEN", double(21), hadoop.get("from.core.site"), conf.get("spark.sql.shuffle.partitions"),
      conf.get("spark.driver.host"), conf.get("spark.ui.enabled"), __import__("os").environ["WORD"])
spark.read.csv(sys.argv[1]).write.csv(sys.argv[2] + "/rows")
spark.read.parquet(sys.argv[1] + "/missing")
"""
CONFIGURATION = [
    {"Classification": "spark-defaults", "Properties": {"spark.sql.shuffle.partitions": "3"}},
    {"Classification": "core-site", "Properties": {"from.core.site": "yes"}},
    {
        "Classification": "spark-env",
        "Properties": {},
        "Configurations": [{"Classification": "export", "Properties": {"WORD": "exported"}}],
    },
]


def _spark(account, name, command, inputs, outputs):
    request = account.processing_request(name, "", inputs=inputs, outputs=outputs)
    request["AppSpecification"] = {
        "ImageUri": SPARK,
        "ContainerEntrypoint": command[0],
        "ContainerArguments": command[1],
    }
    for item in request["ProcessingInputs"]:
        if item["InputName"] == "conf":
            item["S3Input"]["LocalPath"] = "/opt/ml/processing/input/conf"
    account.sagemaker.create_processing_job(**request)
    describe = account.sagemaker.describe_processing_job
    ended = ("Completed", "Failed", "Stopped")
    return until(lambda: describe(ProcessingJobName=name), lambda d: d["ProcessingJobStatus"] in ended, 120)


def test_spark_runs_with_libraries_and_configuration_and_says_why_it_failed(account):
    account.put("app/app.py", APPLICATION.encode())
    account.put("lib/library.py", b"def double(x):\n    return 2 * x\n")
    account.put("conf/configuration.json", json.dumps(CONFIGURATION).encode())
    base, bucket = "/opt/ml/processing", f"s3://{account.bucket}"
    job = _spark(
        account,
        "spark",
        (
            [
                *("smspark-submit", "--py-files", f"{base}/lib"),
                *("--local-spark-event-logs-dir", f"{base}/events/", f"{base}/app/app.py"),
            ],
            [f"{base}/rows", f"{base}/out"],
        ),
        [
            (n, f"{bucket}/{u}")
            for n, u in (("app", "app"), ("lib", "lib"), ("conf", "conf"), ("rows", "csv/train"))
        ],
        [("out", f"{bucket}/spark-out", "Continuous"), ("events", f"{bucket}/spark-events", "Continuous")],
    )
    lines = account.lines("/aws/sagemaker/ProcessingJobs", "spark/")
    seen = [line for line in lines if line.startswith("SEEN")]
    assert seen == ["SEEN 42 yes 3 127.0.0.1 false exported"], lines[-10:]
    assert "spark-out/rows/_SUCCESS" in account.keys("spark-out/")
    [log] = account.keys("spark-events/")
    assert not log.endswith(".inprogress")
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(
        "AlgorithmError: pyspark.errors.exceptions.captured.AnalysisException: [PATH_NOT"
    )


@pytest.mark.slow
def test_spark_runs_the_main_class_of_a_jar(account):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
    account.put("jar/app.jar", buffer.getvalue())
    command = [
        "smspark-submit",
        "--class",
        "org.apache.hadoop.util.VersionInfo",
        "/opt/ml/processing/jar/app.jar",
    ]
    job = _spark(account, "jar", (command, ["unused"]), [("jar", f"s3://{account.bucket}/jar")], [])
    assert job["ProcessingJobStatus"] == "Completed", job
    assert any(line.startswith("Hadoop 3") for line in account.lines("/aws/sagemaker/ProcessingJobs", "jar/"))
