"""Elastic training under a real scheduler: once to its end, what is left of it, and what is refused."""

import re

import pytest
from botocore.exceptions import ClientError

from local.cli import task_logs
from local.stack.airflow_api import AirflowApi

pytestmark = pytest.mark.timeout(1800)  # torch is installed, once
DAG = "elastic_training"
EPOCHS = 3
SKIPPED = "install"
"""There is nothing that a local cluster does not have."""
AFTER_THE_PLAN = {
    *("find_network", "provision", "provisioned", "install", "make_volume", "prepare", "preflight", "train"),
    *("plan_scaling", "scaling", "report"),
}


@pytest.fixture
def airflow(stack):
    with AirflowApi(stack.airflow_url, stack.password) as api:
        yield api


@pytest.fixture(scope="module")
def first(stack):
    return stack.run(DAG, "--param", f"epochs={EPOCHS}")


def result(airflow, run_id, task):
    """What a task returned."""
    return airflow.xcom(DAG, run_id, task, -1)


def messages(airflow, run_id, task_id):
    """The log of a task's last try."""
    [task] = [each for each in airflow.task_instances(DAG, run_id) if each["task_id"] == task_id]
    return task_logs.of_task(airflow, task)


def stacks(stack):
    """Every stack that was ever made."""
    return {each["StackId"] for each in stack.client("cloudformation").list_stacks()["StackSummaries"]}


def test_a_network_is_trained_measured_and_reported(stack, first):
    metrics = first["metrics"]
    assert metrics["accuracy"] > 0.5  # chance is 0.1
    assert (metrics["ranks"], metrics["epochs"], metrics["scaling_replicas"]) == (2, EPOCHS, 2)
    assert metrics["maximum_gb_per_second"] > 0
    states = stack.states(DAG, first["run_id"])
    assert {task: state for task, state in states.items() if state != "success"} == {SKIPPED: "skipped"}
    page = stack.read(f"{first['outputs']['report']}/report.html")
    assert b"<html" in page.lower()


def test_the_log_of_the_training_has_what_both_pods_printed(airflow, first):
    told = [str(each.get("event")) for each in messages(airflow, first["run_id"], "train")]
    pods = [line.partition(": ")[0] for line in told if re.search(r": .*world-size:2 rank:[01] ", line)]
    name = result(airflow, first["run_id"], "train")["name"]
    assert set(pods) == {f"{name}-worker-0", f"{name}-worker-1"}
    assert any("plan: 2 workers on g4dn.xlarge" in line for line in told)


def test_nothing_is_left_that_would_cost_money(stack, airflow, first):
    run_id = first["run_id"]
    outputs = result(airflow, run_id, "provisioned")
    made = result(airflow, run_id, "provision")["stack"]
    with pytest.raises(ClientError, match="does not exist"):
        stack.client("cloudformation").describe_stacks(StackName=made)
    # Its nodes, volumes and PyTorchJobs with it.
    assert outputs["ClusterName"] not in stack.client("eks").list_clusters()["clusters"]
    files = stack.client("fsx").describe_file_systems()["FileSystems"]
    assert outputs["FileSystemId"] not in {each["FileSystemId"] for each in files}
    templates = stack.client("ec2").describe_launch_templates()["LaunchTemplates"]
    assert made not in {each["LaunchTemplateName"] for each in templates}


def test_a_value_that_is_none_of_the_form_s_is_refused_at_once(stack):
    with stack.api() as api:
        body = {"logical_date": None, "conf": {"adapters": 2}}
        answer = api.post(f"/dags/{DAG}/dagRuns", json=body)
    assert answer.status_code == 400
    assert "adapters" in answer.text


def test_a_plan_that_cannot_be_fails_before_anything_is_made(stack, airflow):
    before = stacks(stack)
    run_id = stack.over_rest(DAG, {"workers": 3, "max_workers": 2})["dag_run_id"]
    states = stack.states(DAG, run_id)
    assert states["plan"] == "failed"
    assert {states[task] for task in AFTER_THE_PLAN} == {"upstream_failed"}
    assert task_logs.reason(messages(airflow, run_id, "plan")) == (
        "WorkersError: 3 workers, at least 1 and at most 2: give numbers from 1 that grow in the order "
        "least, wanted, most"
    )
    assert stacks(stack) == before
