"""Every job leaves a record for cost reports, whichever way it ends."""

import json
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import TaskDeferralTimeout

from include.settings import settings
from millrace.errors import JobFailed
from millrace.listeners import finished_jobs
from tests.plugins.test_job_operator import defer, wait


@pytest.fixture
def records(s3):
    """Reads the records that there are, by the job's name."""

    def read():
        found = s3.list_objects_v2(Bucket=settings().bucket, Prefix="main/finished-jobs/").get("Contents", [])
        documents = [s3.get_object(Bucket=settings().bucket, Key=o["Key"])["Body"].read() for o in found]
        return {record["name"]: record for record in map(json.loads, documents)}

    return read


def end(task):
    """What Airflow does when a task has ended on a worker."""
    finished_jobs.on_task_instance_success(task_instance=SimpleNamespace(task=task))


def test_a_job_that_succeeded(operator, context, sagemaker, records):
    task = operator()
    name = defer(task, context).name
    end(task)
    assert name not in records(), "it is not finished yet"
    wait(sagemaker, name)
    task.resume(context)
    end(task)
    record = records()[name]
    assert record["kind"] == "SageMaker processing job"
    assert record["status"] == "Completed"
    assert record["instance_type"] == "ml.m5.large"
    assert record["instance_count"] == 1
    assert record["seconds"] > 0
    assert record["started"] < record["ended"]
    assert record["tags"]["millrace:run"] == context["dag_run"].run_id


def test_a_job_that_failed(operator, context, sagemaker, records):
    task = operator("raise SystemExit(3)")
    name = defer(task, context).name
    wait(sagemaker, name)
    with pytest.raises(JobFailed):
        task.resume(context)
    end(task)
    assert records()[name]["status"] == "Failed"


def test_a_job_whose_task_was_cleared(operator, context, hold, records):
    task = operator(hold.code)
    name = defer(task, context).name
    context["ti"].max_tries += 3
    defer(task, context)
    assert records()[name]["status"] == "InProgress"


def test_a_job_whose_task_took_too_long(operator, context, hold, records):
    task = operator(hold.code)
    name = defer(task, context).name
    with pytest.raises(TaskDeferralTimeout):
        task.resume_execution("__fail__", {"error": "Trigger timeout"}, context)
    assert name in records()


def test_a_task_without_jobs_leaves_none(records):
    before = records()
    end(SimpleNamespace())
    end(None)
    assert records() == before
