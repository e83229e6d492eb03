"""A run of abalone with what production asks for: spot capacity, pipes, Parquet, and rows to score."""

import time

import pytest

from tests.stack import SAMPLE

pytestmark = pytest.mark.slow

GROUP = "millrace-local-main-abalone"
ROUNDS = 3000
"""Enough to be interrupted on the way."""


@pytest.fixture(scope="module")
def earlier(stack):
    """A run whose model serves, as no model was approved before, and whose features can be scored."""
    sagemaker = stack.client("sagemaker")
    for package in sagemaker.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]:
        sagemaker.update_model_package(
            ModelPackageArn=package["ModelPackageArn"], ModelApprovalStatus="Rejected"
        )
    return stack.run("abalone", "--input", str(SAMPLE))


@pytest.fixture(scope="module")
def interrupted(stack, earlier):
    """A spot run on pipes that is interrupted while it trains; the description of its training job."""
    options = {
        "spot": "true",
        "input_mode": "Pipe",
        "training_format": "parquet",
        "num_round": ROUNDS,
        "max_rmse": 10,
        "batch_uri": f"{folder(earlier)}/features/csv/validation/",
    }
    params = [part for name, value in options.items() for part in ("--param", f"{name}={value}")]
    run_id = stack.millrace("trigger", "abalone", *params).stdout.strip()
    name = training_job(stack, run_id)
    done = stack.millrace("interrupt", name)
    assert done.returncode == 0, done.stdout + done.stderr
    with stack.api() as api:
        while (run := api.get(f"/dags/abalone/dagRuns/{run_id}").json())["state"] in ("queued", "running"):
            time.sleep(1)
        result = api.get(
            f"/dags/abalone/dagRuns/{run_id}/taskInstances/train/xcomEntries/return_value"
        ).json()
    assert run["state"] == "success", stack.states("abalone", run_id)
    return {
        "run_id": run_id,
        "result": result["value"],
        "job": stack.client("sagemaker").describe_training_job(TrainingJobName=name),
    }


def folder(run):
    """Where everything of a run is."""
    return run["outputs"]["evaluation"].rpartition("/")[0]


def training_job(stack, run_id):
    """The name of the run's training job, once it trains."""
    sagemaker, deadline = stack.client("sagemaker"), time.monotonic() + 180
    while time.monotonic() < deadline:
        for name in stack.jobs(run_id, "Training"):
            if sagemaker.describe_training_job(TrainingJobName=name)["SecondaryStatus"] == "Training":
                return name
        time.sleep(0.1)
    raise TimeoutError(f"no training job of {run_id} trains: {stack.states('abalone', run_id)}")


def lines(stack, name):
    """What a training job printed."""
    logs = stack.client("logs")
    streams = logs.describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{name}/"
    )["logStreams"]
    return [
        [
            event["message"]
            for event in logs.get_log_events(
                logGroupName="/aws/sagemaker/TrainingJobs",
                logStreamName=stream["logStreamName"],
                startFromHead=True,
            )["events"]
        ]
        for stream in sorted(streams, key=lambda stream: stream["creationTime"])
    ]


def test_an_interrupted_job_trains_the_rounds_that_are_left(stack, interrupted):
    job = interrupted["job"]
    statuses = [step["Status"] for step in job["SecondaryStatusTransitions"]]
    assert "Interrupted" in statuses
    assert statuses.count("Training") == 2
    printed = [line for stream in lines(stack, job["TrainingJobName"]) for line in stream]
    rounds = [int(line[1 : line.index("]")]) for line in printed if line.startswith("[") and "rmse" in line]
    assert sorted(set(rounds)) == list(range(ROUNDS))
    assert rounds.count(0) == 1, "it began anew"
    # A round that was printed and not yet saved is trained again.
    assert len(rounds) <= ROUNDS + 1


def test_the_result_says_what_was_saved(interrupted):
    job, result = interrupted["job"], interrupted["result"]
    training, billable = job["TrainingTimeInSeconds"], job["BillableTimeInSeconds"]
    assert (result["training_seconds"], result["billable_seconds"]) == (training, billable)
    assert result["spot_savings_percent"] == pytest.approx((1 - billable / training) * 100, abs=0.1)
    assert billable < training


def test_checkpoints_are_the_last_five(stack, interrupted):
    uri = interrupted["job"]["CheckpointConfig"]["S3Uri"]
    bucket, prefix = uri.removeprefix("s3://").split("/", 1)
    found = stack.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    kept = sorted(
        int(item["Key"].rpartition(".")[2]) for item in found if "xgboost-checkpoint." in item["Key"]
    )
    assert kept == list(range(ROUNDS - 5, ROUNDS))


def test_each_row_is_scored_once_beside_its_label(stack, earlier, interrupted):
    def rows(uri):
        bucket, prefix = uri.removeprefix("s3://").split("/", 1)
        found = stack.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
        text = "".join(stack.read(f"s3://{bucket}/{item['Key']}").decode() for item in found)
        return [line.split(",") for line in text.splitlines()]

    given = rows(f"{folder(earlier)}/features/csv/validation/")
    scored = rows(interrupted["job"]["OutputDataConfig"]["S3OutputPath"].removesuffix("model") + "scored/")
    assert [float(row[0]) for row in scored] == [float(row[0]) for row in given]
    assert all(0 < float(row[1]) < 60 for row in scored)
