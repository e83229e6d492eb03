"""An AWS that executes, provisioned from the same template as every other, and tasks to run against it."""

import io
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

from include.bundles import Bundle
from include.sagemaker import INPUT, OUTPUT, Instances, ProcessingJob
from include.settings import settings as read_settings
from millrace.jobs import PROCESSING
from millrace.operators.job import AwsJobOperator
from millrace.operators.sagemaker import ProcessingJobOperator
from tests.aws import provisioned

IMAGES = Path(__file__).parents[1] / "images"


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    """The server, whose only image is a tiny one."""
    home = tmp_path_factory.mktemp("aws")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MILLRACE_IMAGE_SOURCES", str(IMAGES))
        with provisioned(home, home / "images") as server:
            yield server


@pytest.fixture
def sagemaker(aws):
    return boto3.client("sagemaker")


@pytest.fixture
def s3(aws):
    return boto3.client("s3")


@pytest.fixture(autouse=True)
def unnamed_caller(monkeypatch):
    """Airflow looks through the whole stack for who calls, for each client: half a second under pytest."""
    monkeypatch.setattr(AwsBaseHook, "_get_caller", lambda hook: "tests")


@pytest.fixture(autouse=True)
def no_head_start(monkeypatch):
    """There is no API server here that could be first."""
    monkeypatch.setattr("millrace.cancelling.HEAD_START_SECONDS", 0)


class TaskState(dict):
    """Airflow's ``task_state_store`` as a task sees it."""

    def set(self, key, value, retention=None):
        self[key] = value


@pytest.fixture
def context(aws, request):
    """What Airflow hands to a task: a run of its own for each test, and state that outlives a try."""
    run_id = f"test__{request.node.name}"
    pushed = {}
    ti = SimpleNamespace(
        dag_id="testing",
        run_id=run_id,
        task_id="step",
        map_index=-1,
        max_tries=2,
        try_number=1,
        log_url="http://log",
    )
    ti.pushed = pushed
    ti.get_task_states = lambda **asked: {asked["run_ids"][0]: {"step": "failed"}}
    ti.xcom_push = lambda key, value: pushed.update({key: value})
    dag_run = SimpleNamespace(dag_id="testing", run_id=run_id, run_after=datetime(2026, 1, 1, tzinfo=UTC))
    return {"dag_run": dag_run, "ti": ti, "params": {}, "task_state_store": TaskState()}


@pytest.fixture
def operator(aws):
    """Makes an operator whose job runs a line of Python."""

    def make(code: str = "pass", cls: type[AwsJobOperator] = ProcessingJobOperator, **kwargs):
        def build(run, **arguments):
            return ProcessingJob(
                image="tiny",
                command=["python3", f"{INPUT}/code/main.py"],
                arguments=[f"{OUTPUT}/report"],
                instances=Instances("ml.m5.large"),
                outputs={"report": run.uri("report")},
                files={"code": Bundle({"main.py": code.encode()})},
                metrics=arguments.get("metrics"),
            )

        made = cls(task_id="step", build=build, aws_conn_id=None, **kwargs)
        assert made.kind is PROCESSING
        return made

    return make


@pytest.fixture
def hold(tmp_path):
    """A file that a job waits for: code that makes it wait, and a function that lets it go on."""
    path = tmp_path / "go"
    code = f"import os, time\nwhile not os.path.exists({str(path)!r}): time.sleep(0.02)\n"
    yield SimpleNamespace(code=code, release=path.touch)
    path.touch()


@pytest.fixture
def settings_now(aws):
    """Reads the settings of the deployment under test."""
    return read_settings


@pytest.fixture
def artifact(s3, settings_now):
    """Puts a model in S3 that predicts one number, or none that loads."""

    def make(number):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            content = str(number).encode()
            name = "number.txt" if number is not None else "other.txt"
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        key = f"models/{number}/model.tar.gz"
        s3.put_object(Bucket=settings_now().bucket, Key=key, Body=buffer.getvalue())
        return f"s3://{settings_now().bucket}/{key}"

    return make
