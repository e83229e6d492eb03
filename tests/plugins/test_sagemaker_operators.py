"""Tuning and transform jobs through their rows: launched, waited for by their events, stopped."""

import asyncio
import io
import tarfile

import pytest

from include.sagemaker import Channel, Instances, Interval, TrainingJob, TransformJob, TuningJob
from include.settings import settings
from millrace.descriptions import JobDescription
from millrace.errors import JobFailed
from millrace.jobs import TUNING
from millrace.launching import Launch
from millrace.operators.sagemaker import TransformJobOperator, TuningJobOperator
from tests.plugins.test_event_stream import configured  # noqa: F401  # a fixture
from tests.plugins.test_job_event_trigger import first_event
from tests.plugins.test_job_operator import defer

INSTANCES = Instances("ml.m5.large")


def tuning(run, seconds=0):
    training = TrainingJob(
        image="tiny",
        instances=INSTANCES,
        channels={"train": Channel(run.uri("data"))},
        output=run.uri("model"),
        hyperparameters={"seconds": seconds},
        metric_definitions={"score": "score: ([0-9.e-]+)"},
    )
    return TuningJob(training, {"x": Interval(0.0, 10.0)}, "score", max_jobs=3, max_parallel_jobs=2, seed=7)


@pytest.fixture
def data(context, s3):
    """Something for the channel `train`."""
    prefix = f"main/testing/{context['dag_run'].run_id}/data"
    s3.put_object(Bucket=settings().bucket, Key=f"{prefix}/a.csv", Body=b"1,2\n3,4\n")
    return f"s3://{settings().bucket}/{prefix}"


def test_a_tuning_job_s_result_is_its_best_job(context, data, sagemaker, configured):  # noqa: F811
    task = TuningJobOperator(task_id="step", build=tuning, aws_conn_id=None)
    trigger = defer(task, context)
    assert len(trigger.name) <= 32
    assert asyncio.run(first_event(trigger)).payload == {"name": trigger.name}
    result = task.resume(context)
    assert result["best_job"].startswith(f"{trigger.name}-")
    assert 0 <= result["objective"] <= 49
    assert 0 <= float(result["hyperparameters"]["x"]) <= 10
    assert result["training_jobs"]["Completed"] == 3
    best = sagemaker.describe_training_job(TrainingJobName=result["best_job"])
    assert result["artifact"] == best["ModelArtifacts"]["S3ModelArtifacts"]
    assert list(task.hook.log_tail(trigger.name))
    [record] = task.finished_jobs
    assert (record.instance_type, record.instance_count) == ("ml.m5.large", 1)
    assert record.seconds > 0


def test_a_search_without_a_complete_training_job_has_no_model(context):
    task = TuningJobOperator(task_id="step", build=tuning, aws_conn_id=None)
    name = {"HyperParameterTuningJobName": "in-vain", "HyperParameterTuningJobStatus": "Completed"}
    with pytest.raises(JobFailed, match=r"in-vain ended before .* there is no model\. Give") as caught:
        task.result(context, Launch(1, 0), JobDescription(TUNING, name))
    assert caught.value.permanent


def test_a_cleared_tuning_job_stops_with_its_training_jobs(context, data, sagemaker, configured):  # noqa: F811
    def slow(run):
        return tuning(run, seconds=60)

    task = TuningJobOperator(task_id="step", build=slow, aws_conn_id=None)
    trigger = defer(task, context)
    task.hook.stop(trigger.name)
    asyncio.run(first_event(trigger))
    assert task.hook.describe(trigger.name).status == "Stopped"
    jobs = sagemaker.list_training_jobs(NameContains=trigger.name)["TrainingJobSummaries"]
    assert {job["TrainingJobStatus"] for job in jobs} <= {"Stopped"}


@pytest.fixture
def model(context, s3, sagemaker):
    """A model that answers every line with 42; its name."""
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as archive:
        member = tarfile.TarInfo("number.txt")
        member.size = 2
        archive.addfile(member, io.BytesIO(b"42"))
    key = "main/testing/model.tar.gz"
    s3.put_object(Bucket=settings().bucket, Key=key, Body=body.getvalue())
    name = "answers-42"
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=settings().role_arn,
        PrimaryContainer={
            "Image": settings().image_uri("tiny"),
            "ModelDataUrl": f"s3://{settings().bucket}/{key}",
        },
    )
    yield name
    sagemaker.delete_model(ModelName=name)


def test_a_transform_job_leaves_an_answer_for_every_line(context, data, model, s3, configured):  # noqa: F811
    def transform(run):
        return TransformJob(model=model, input=data, output=run.uri("answers"), instances=INSTANCES)

    task = TransformJobOperator(task_id="step", build=transform, aws_conn_id=None)
    trigger = defer(task, context)
    asyncio.run(first_event(trigger))
    result = task.resume(context)
    prefix = result["outputs"]["transformed"].removeprefix(f"s3://{settings().bucket}/")
    answer = s3.get_object(Bucket=settings().bucket, Key=f"{prefix}/a.csv.out")["Body"].read()
    assert answer.split() == [b"42", b"42"]
    assert task.finished_jobs[0].instance_type == "ml.m5.large"
