"""What every DAG of this house keeps."""

import ast
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from millrace.operators.base import AwsOperator
from millrace.operators.sagemaker import ProcessingJobOperator, TrainingJobOperator
from millrace.sensors.base import AwsSensor

REPO = Path(__file__).parents[2]
MODULES = sorted((REPO / "dags").glob("*.py"))

IMPORT_ALONE = """
import runpy, sys
import airflow.sdk, millrace.operators.job, botocore.session, boto3, pendulum
from pathlib import Path

allowed = [Path(p).resolve() for p in (REPO, sys.prefix, sys.base_prefix)]

def watch(event, arguments):
    if event.startswith("socket.") and event not in ("socket.__new__", "socket.gethostname"):
        raise AssertionError(f"a DAG's import made a network call: {event} {arguments}")
    if event == "open" and isinstance(arguments[0], str) and not arguments[0].startswith("/dev/"):
        path = Path(arguments[0]).resolve()
        if not any(path.is_relative_to(folder) for folder in allowed):
            raise AssertionError(f"a DAG's import opened {path}")

sys.addaudithook(watch)
for module in sys.argv[1:]:
    runpy.run_path(module)
"""


@pytest.fixture(params=[path.stem for path in MODULES])
def dag(bag, request):
    return bag.dags[request.param]


@pytest.fixture
def tasks(dag):
    return dag.tasks


def test_every_dag_imports(bag):
    assert bag.import_errors == {}
    assert bag.dags


def test_a_module_holds_the_dag_of_its_name(bag):
    assert {dag.dag_id: Path(dag.fileloc).stem for dag in bag.dags.values()} == {
        m.stem: m.stem for m in MODULES
    }


def test_only_what_starts_by_itself_waits_to_be_switched_on(dag):
    """A run of a paused DAG stays queued, and REST does not say so."""
    assert dag.is_paused_upon_creation is (None if dag.timetable.can_be_scheduled else False)


def test_the_documentation_is_the_module_s_and_says_what_to_do_on_failure(dag):
    docstring = ast.get_docstring(ast.parse(Path(dag.fileloc).read_text()))
    assert dag.doc_md.strip() == docstring
    for words in ("**Takes**", "**Leaves**", "**If it fails:**"):
        assert words in docstring


def test_the_pipeline_has_one_name_everywhere(dag):
    assert (REPO / "include" / "pipelines" / f"{dag.dag_id}.py").is_file()
    page = REPO / "docs" / "pipelines" / f"{dag.dag_id}.md"
    assert page.is_file()
    assert "](images/" in page.read_text(), "the docs page has no picture of a run"


def test_a_pipeline_that_runs_scripts_ships_them_in_a_folder_of_its_name(dag, tasks):
    operators = [getattr(task, "operator_class", type(task)) for task in tasks]
    runs_scripts = any(issubclass(each, ProcessingJobOperator | TrainingJobOperator) for each in operators)
    assert (REPO / "include" / "jobs" / dag.dag_id).is_dir() == runs_scripts


def test_wiring_is_short(dag):
    assert len(Path(dag.fileloc).read_text().splitlines()) <= 130


def test_tags_and_owner_are_given(dag, tasks):
    assert dag.tags
    assert {task.owner for task in tasks} & {"airflow", ""} == set()


def test_every_param_is_a_form_field(dag):
    assert dag.params
    for name in dag.params:
        param = dag.params.get_param(name)
        schema = param.schema
        assert schema.get("type") or schema.get("enum"), name
        assert param.description, name
        if schema.get("type") in ("integer", "number"):
            assert {"minimum", "exclusiveMinimum"} & set(schema), f"{name} has no bound"


def test_the_form_can_be_sent_as_it_comes(dag):
    """Airflow's form takes an empty text for a missing one, and sends nothing until it is there."""
    for name in dag.params:
        param = dag.params.get_param(name)
        if param.schema.get("type") == "string":
            assert param.value != "", f"{name} may be empty: give None, and the types null and string"


def test_a_schedule_finds_a_default_for_every_param(dag):
    if dag.schedule is not None:
        assert dag.params.validate().keys() == dag.params.keys()


def test_past_days_run_only_when_asked_for(dag):
    assert dag.catchup is False
    assert dag.max_active_runs == 1


def test_every_task_ends_some_day_and_tells_of_its_failure(dag, tasks):
    assert dag.dagrun_timeout
    for task in tasks:
        assert timedelta(0) < task.execution_timeout <= timedelta(days=5), task.task_id
        assert task.on_failure_callback, task.task_id


def test_every_task_is_retried_by_the_aws_policy(tasks):
    for task in tasks:
        assert task.retries >= 1, task.task_id
        assert type(task.retry_policy).__name__ == "AwsRetryPolicy", task.task_id


def test_connection_and_region_are_arguments_of_every_operator(tasks):
    for task in tasks:
        operator = getattr(task, "operator_class", type(task))
        assert issubclass(operator, AwsOperator | AwsSensor), task.task_id


def test_importing_calls_nobody_and_reads_nothing_outside_the_repository():
    code = IMPORT_ALONE.replace("REPO", repr(str(REPO)), 1)
    environment = {**os.environ, "PYTHONPATH": f"{REPO}:{REPO / 'plugins'}"}
    command = [sys.executable, "-c", code, *map(str, MODULES)]
    done = subprocess.run(command, cwd=REPO, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
