"""Training jobs through boto3, as a client of AWS sees them."""

import io
import json
import tarfile
from itertools import pairwise

from local.aws.services.sagemaker.run import SYNC_SECONDS
from tests.local.aws.sagemaker.account import IMAGE, until
from tests.local.aws.sagemaker.shapes import problems


def _members(archive):
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar.getmembers()}


def test_channels_come_in_model_and_output_go_out_through_awss_statuses(account):
    account.put("data/a.csv", b"1,2")
    code = """
text = (base / "input/data/train/a.csv").read_text()
(base / "model/sub").mkdir()
(base / "model/sub/weights").write_text(text)
(base / "output/data/report").write_text("fine")
"""
    job = account.train("works", code, channels=[("train", f"s3://{account.bucket}/data")])
    assert job["TrainingJobStatus"] == "Completed", job
    assert problems("DescribeTrainingJob", job) == []
    artifact = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert artifact == f"s3://{account.bucket}/models/works/output/model.tar.gz"
    assert _members(account.get("models/works/output/model.tar.gz")) == {"sub/weights": b"1,2"}
    assert _members(account.get("models/works/output/output.tar.gz")) == {"report": b"fine"}
    steps = job["SecondaryStatusTransitions"]
    assert [s["Status"] for s in steps] == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all(a["EndTime"] == b["StartTime"] for a, b in pairwise(steps))
    assert job["TrainingTimeInSeconds"] == job["BillableTimeInSeconds"] >= 1
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"]


def test_the_same_model_gives_the_same_archive(account):
    code = "[(base / 'model' / n).write_text(n) for n in {}]"
    account.train("same-1", code.format(["b", "a"]))
    account.train("same-2", code.format(["a", "b"]))
    account.train("other", code.format(["a", "c"]))
    first, second, other = (
        account.get(f"models/{n}/output/model.tar.gz") for n in ("same-1", "same-2", "other")
    )
    assert first == second != other


def test_metrics_are_the_last_values_that_match(account):
    definitions = [
        {"Name": "rmse", "Regex": r"rmse=([0-9.]+|oops)"},
        {"Name": "never", "Regex": "xyzzy=([0-9.]+)"},
    ]
    algorithm = {"TrainingImage": IMAGE, "TrainingInputMode": "File", "MetricDefinitions": definitions}
    code = "print('rmse=3.5'); print('epoch 2 rmse=2.25'); print('rmse=oops')"
    job = account.train("metrics", code, AlgorithmSpecification=algorithm)
    assert [(m["MetricName"], m["Value"]) for m in job["FinalMetricDataList"]] == [("rmse", 2.25)]
    assert problems("DescribeTrainingJob", job) == []


def test_the_failure_file_is_the_reason(account):
    job = account.train("fails", "raise KeyError('label')")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: KeyError: 'label', exit code: 3"
    assert job["SecondaryStatusTransitions"][-1]["Status"] == "Failed"
    assert account.keys("models/fails/") == []
    assert problems("DescribeTrainingJob", job) == []


def test_a_missing_channel_fails_while_downloading(account):
    job = account.train("missing", channels=[("train", f"s3://{account.bucket}/not/there")])
    assert job["FailureReason"].startswith(
        f'ClientError: Data download failed:No S3 objects found under S3 URL "s3://{account.bucket}/not/there"'
    )
    assert [s["Status"] for s in job["SecondaryStatusTransitions"]] == ["Starting", "Downloading", "Failed"]


def test_a_missing_output_bucket_is_a_client_error(account):
    job = account.train("lost", OutputDataConfig={"S3OutputPath": "s3://no-such-bucket/x"})
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(
        "ClientError: Could not upload model.tar.gz to s3://no-such-bucket/x"
    )


def test_the_time_limit_stops_the_job_and_keeps_what_it_saved(account):
    code = "(base / 'model/partial').write_text('1'); import time; time.sleep(600)"
    job = account.train("long", code, StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert _members(account.get("models/long/output/model.tar.gz")) == {"partial": b"1"}
    assert problems("DescribeTrainingJob", job) == []


def test_stop_goes_through_stopping_and_keeps_what_was_saved(account):
    code = """
import signal, sys, time
def save(*_):
    (base / "model/saved").write_text("1")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("ready", flush=True)
time.sleep(600)
"""
    account.sagemaker.create_training_job(**account.training_request("stops", code))
    describe = account.sagemaker.describe_training_job
    until(lambda: describe(TrainingJobName="stops"), lambda job: job["SecondaryStatus"] == "Training")
    until(lambda: account.log("/aws/sagemaker/TrainingJobs", "stops/"), bool)
    account.sagemaker.stop_training_job(TrainingJobName="stops")
    job = account.trained("stops")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert [s["Status"] for s in job["SecondaryStatusTransitions"]][-2:] == ["Stopping", "Stopped"]
    assert _members(account.get("models/stops/output/model.tar.gz")) == {"saved": b"1"}


def test_checkpoints_are_kept_and_come_back(account):
    code = """
file = base / "checkpoints/epoch"
print("epoch", file.read_text() if file.exists() else 0)
file.write_text("5")
"""
    config = {"S3Uri": f"s3://{account.bucket}/checkpoints"}
    for name, expected in (("check-1", "epoch 0"), ("check-2", "epoch 5")):
        account.train(name, code, CheckpointConfig=config)
        assert account.lines("/aws/sagemaker/TrainingJobs", f"{name}/") == [expected]


def test_checkpoints_that_s3_refuses_cost_a_job_neither_its_model_nor_its_own_reason(account):
    code = "(base / 'checkpoints/a').write_text('1'); (base / 'model/m').write_text('1')\n"
    config = {"S3Uri": "s3://no-such-bucket/saved"}
    # Long enough for checkpoints to be sent while the program runs.
    waits = f"import time; time.sleep({2 * SYNC_SECONDS + 0.5})"
    job = account.train("refused", code + waits, CheckpointConfig=config)
    assert job["FailureReason"].startswith("ClientError: Could not upload to s3://no-such-bucket/saved/a: ")
    assert _members(account.get("models/refused/output/model.tar.gz")) == {"m": b"1"}
    job = account.train("refused-and-bad", f"{code}raise ValueError('bad')", CheckpointConfig=config)
    assert job["FailureReason"] == "AlgorithmError: ValueError: bad, exit code: 3"


def test_what_tensorboard_shows_is_in_s3_while_the_job_runs(account):
    code = """
import time
(base / "output/tensorboard/run").mkdir()
(base / "output/tensorboard/run/events").write_text("scalars")
time.sleep(600)
"""
    config = {"S3OutputPath": f"s3://{account.bucket}/boards/"}
    account.sagemaker.create_training_job(
        **account.training_request("board", code, TensorBoardOutputConfig=config)
    )
    [key] = until(lambda: account.keys("boards/"), bool)
    assert (key, account.get(key)) == ("boards/board/tensorboard-output/run/events", b"scalars")
    described = account.sagemaker.describe_training_job(TrainingJobName="board")
    assert (described["TrainingJobStatus"], described["TensorBoardOutputConfig"]) == ("InProgress", config)
    account.sagemaker.stop_training_job(TrainingJobName="board")
    assert account.trained("board")["TrainingJobStatus"] == "Stopped"


def test_uncompressed_output_is_a_folder(account):
    config = {"S3OutputPath": f"s3://{account.bucket}/raw/", "CompressionType": "NONE"}
    job = account.train("raw", "(base / 'model/m').write_text('1')", OutputDataConfig=config)
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{account.bucket}/raw/raw/output/model"
    assert account.keys("raw/") == ["raw/raw/output/model/m"]


def test_configuration_files_are_those_of_the_contract(account):
    account.put("cfg/x", b"1")
    code = """
import json
config = base / "input/config"
print(json.dumps({p.stem: json.loads(p.read_text()) for p in config.iterdir()}))
"""
    request = account.training_request("config", code, channels=[("train", f"s3://{account.bucket}/cfg")])
    request["InputDataConfig"][0]["ContentType"] = "text/csv"
    account.sagemaker.create_training_job(**request)
    assert account.trained("config")["TrainingJobStatus"] == "Completed"
    [line] = account.lines("/aws/sagemaker/TrainingJobs", "config/")
    config = json.loads(line)
    assert config["hyperparameters"] == {"code": code}
    assert config["inputdataconfig"]["train"]["ContentType"] == "text/csv"
    assert config["inputdataconfig"]["train"]["TrainingInputMode"] == "File"
    assert config["resourceconfig"]["current_instance_type"] == "ml.m5.large"


def test_list_training_jobs(account):
    answer = account.sagemaker.list_training_jobs(NameContains="same-", SortBy="Name", SortOrder="Ascending")
    if not answer["TrainingJobSummaries"]:
        account.train("same-1")
        account.train("same-2")
        answer = account.sagemaker.list_training_jobs(NameContains="same-", SortBy="Name")
    assert [job["TrainingJobName"] for job in answer["TrainingJobSummaries"]] == ["same-1", "same-2"]
    assert problems("ListTrainingJobs", answer) == []
    assert account.sagemaker.list_training_jobs(StatusEquals="Stopping")["TrainingJobSummaries"] == []
