"""What a restart of the server leaves and what it takes up again."""

import json
import logging
import os
import signal
import subprocess
import sys

import pytest

from local.aws.server import LocalAws
from tests.local.aws.conftest import IMAGE_SOURCES
from tests.local.aws.sagemaker.account import IMAGE, Account, until
from tests.local.aws.sagemaker.shapes import problems

WAITS = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"


@pytest.fixture
def folders(tmp_path, images, monkeypatch):
    monkeypatch.setenv("MILLRACE_IMAGE_SOURCES", str(IMAGE_SOURCES))
    monkeypatch.setenv("MILLRACE_JOBS_AT_A_TIME", "4")
    return {"home": tmp_path / "aws", "images": images}


def _serve(account):
    account.train("model", "(base / 'model/who').write_text('kept')")
    data = f"s3://{account.bucket}/models/model/output/model.tar.gz"
    container = {"Image": IMAGE, "ModelDataUrl": data}
    account.sagemaker.create_model(ModelName="m", ExecutionRoleArn=account.role, PrimaryContainer=container)
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    account.sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    account.sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    account.served("e")


def _start_waiting_jobs(account):
    """A training job, a transform job, and a tuning job whose fourth training job runs."""
    account.sagemaker.create_training_job(**account.training_request("cut", WAITS))
    ranges = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "10"}]}
    code = """
import os, time
print(os.getpid(), f"loss={(float(hp['x']) - 3) ** 2}", flush=True)
time.sleep(600 if "-004-" in os.environ["TRAINING_JOB_NAME"] else 0)
"""
    options = {"strategy": "Bayesian", "RandomSeed": 1}
    request = account.tuning_request("cut", code, ranges, jobs=6, parallel=1, **options)
    account.sagemaker.create_hyper_parameter_tuning_job(**request)
    uri = account.put("in/cut", b"wait")
    account.sagemaker.create_transform_job(**account.transform_request("cut", "m", uri))
    until(lambda: account.log("/aws/sagemaker/TransformJobs", "cut/"), bool)
    [pid] = until(lambda: account.log("/aws/sagemaker/TrainingJobs", "cut/"), bool)
    [line] = until(lambda: account.log("/aws/sagemaker/TrainingJobs", "cut-004-"), bool)
    return [int(pid), int(line.split()[0])]


def _assert_all_goes_on(account, caplog):
    job = account.sagemaker.describe_training_job(TrainingJobName="cut")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
    assert job["FailureReason"].startswith("InternalServerError: the local AWS stopped while this job ran")
    transform = account.sagemaker.describe_transform_job(TransformJobName="cut")
    assert transform["TransformJobStatus"] == "Failed"
    assert transform["FailureReason"] == job["FailureReason"]
    assert transform["TransformEndTime"] >= transform["CreationTime"]
    _assert_tuning_goes_on(account, caplog)
    done = account.sagemaker.describe_training_job(TrainingJobName="model")
    assert done["TrainingJobStatus"] == "Completed"
    assert account.sagemaker.describe_endpoint(EndpointName="e")["EndpointStatus"] == "InService"
    answer = account.runtime.invoke_endpoint(EndpointName="e", Body=b"describe")["Body"].read()
    assert json.loads(answer)["model"] == {"who": "kept"}


def _assert_tuning_goes_on(account, caplog):
    """It knows what was achieved before, and makes up for the training job that was interrupted."""
    tuning = account.tuned("cut")
    assert tuning["HyperParameterTuningJobStatus"] == "Completed"
    counters = tuning["TrainingJobStatusCounters"]
    assert (counters["Completed"], counters["RetryableError"], counters["NonRetryableError"]) == (6, 1, 0)
    assert tuning["ObjectiveStatusCounters"] == {"Succeeded": 6, "Pending": 0, "Failed": 1}
    assert problems("DescribeHyperParameterTuningJob", tuning) == []
    listed = account.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="cut"
    )["TrainingJobSummaries"]
    assert [summary["TrainingJobName"].split("-")[1] for summary in listed] == [f"00{n}" for n in range(1, 8)]
    assert [n for n, summary in enumerate(listed, 1) if summary["TrainingJobStatus"] == "Failed"] == [4]
    assert "cut proposes point 5 by the results of points [1, 2, 3] and 0" in caplog.text


def test_after_a_clean_stop(folders, caplog):
    with LocalAws(**folders, port=0) as aws:
        account = Account(aws.endpoint_url).furnish()
        _serve(account)
        account.sagemaker.create_model_package_group(ModelPackageGroupName="g")
        account.sagemaker.create_model_package(ModelPackageGroupName="g")
        pids = _start_waiting_jobs(account)
        server = json.loads(
            account.runtime.invoke_endpoint(EndpointName="e", Body=b"describe")["Body"].read()
        )["pid"]
    assert not any(_alive(pid) for pid in [*pids, server])
    assert not (folders["home"] / "jobs" / "transform" / "cut").exists()
    with caplog.at_level(logging.INFO), LocalAws(**folders, port=0) as aws:
        account = Account(aws.endpoint_url)
        _assert_all_goes_on(account, caplog)
        found = account.sagemaker.describe_model_package_group(ModelPackageGroupName="g")
        assert found["ModelPackageGroupName"] == "g"
        account.furnish_role()
        arn = account.sagemaker.create_model_package(ModelPackageGroupName="g")["ModelPackageArn"]
        assert arn.endswith("/2")
        assert account.train("again")["TrainingJobStatus"] == "Completed"


def test_after_the_server_was_killed(folders, caplog):
    code = (
        "import pathlib, sys, time; from local.aws.server import LocalAws\n"
        f"home, images = map(pathlib.Path, {(str(folders['home']), str(folders['images']))!r})\n"
        "with LocalAws(home=home, images=images) as aws:\n"
        "    print(aws.endpoint_url, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            account = Account(server.stdout.readline().strip()).furnish()
            _serve(account)
            pids = _start_waiting_jobs(account)
            _snapshot(account, folders["home"] / "snapshot")
        finally:
            server.send_signal(signal.SIGKILL)
    until(lambda: any(_alive(pid) for pid in pids), lambda alive: not alive, 10)
    with caplog.at_level(logging.INFO), LocalAws(**folders, port=0) as aws:
        _assert_all_goes_on(Account(aws.endpoint_url), caplog)


def test_a_clean_stop_leaves_good_checkpoints_alone(folders):
    code = """
import itertools, time
file = base / "checkpoints/epoch"
file.write_text("good")
while not (base / "go").exists():
    time.sleep(0.02)
for n in itertools.count(1):
    file.write_text("half" * n)
    print(n, flush=True)
    time.sleep(0.02)
"""
    with LocalAws(**folders, port=0) as aws:
        account = Account(aws.endpoint_url).furnish()
        request = account.training_request("cut", code)
        config = {"S3Uri": f"s3://{account.bucket}/saved"}
        account.sagemaker.create_training_job(**request, CheckpointConfig=config)
        until(lambda: account.keys("saved/"), bool)
        (folders["home"] / "jobs/training/cut/algo-1/opt/ml/go").touch()
        until(lambda: account.log("/aws/sagemaker/TrainingJobs", "cut/"), bool)
    with LocalAws(**folders, port=0) as aws:
        assert Account(aws.endpoint_url).get("saved/epoch") == b"good"


def _snapshot(account, file):
    """Returns when a snapshot of what is so now is on the disk.

    One that is under way at the call may be older; the one after it is not.
    """
    for name in ("one", "two"):
        before = file.stat().st_mtime_ns
        account.put(f"snapshots/{name}")
        until(lambda: file.stat().st_mtime_ns, lambda found, before=before: found != before)


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
