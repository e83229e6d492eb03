"""The shape of the training workflow: what runs side by side, and what a failure can reach."""

from typing import NamedTuple

import pytest
from airflow.models.dagrun import DagRun

STEPS = {
    *("preprocess", "select_features", "detect_anomalies", "choose", "drop_anomalies"),
    *("train", "plan_evaluations", "evaluate"),
}


class TaskState(NamedTuple):
    """What Airflow looks at to tell which tasks decide the state of a run."""

    task_id: str
    state: str


@pytest.fixture
def dag(bag):
    return bag.dags["training_workflow"]


def test_selection_and_detection_wait_for_preprocessing_and_not_for_each_other(dag):
    for task in ("select_features", "detect_anomalies"):
        assert dag.get_task(task).upstream_task_ids == {"preprocess"}


def test_both_ways_of_the_choice_lead_to_training(dag):
    train = dag.get_task("train")
    assert {"choose", "drop_anomalies"} <= train.upstream_task_ids
    assert dag.get_task("drop_anomalies").upstream_task_ids == {"choose"}
    assert train.trigger_rule == "none_failed_min_one_success"


def test_every_step_is_caught(dag):
    caught = dag.get_task("catch")
    assert caught.upstream_task_ids == STEPS
    assert caught.trigger_rule == "one_failed"
    assert set(dag.task_ids) == STEPS | {"open_work", "finish", "catch", "clean_up", "close_work"}


def test_cleaning_up_waits_for_what_runs_beside_a_failure(dag):
    clean_up = dag.get_task("clean_up")
    assert clean_up.trigger_rule == "none_skipped"
    assert {"catch", "select_features", "detect_anomalies", "evaluate"} <= clean_up.upstream_task_ids
    # A step that may be skipped would keep it from running after a failure.
    assert "drop_anomalies" not in clean_up.upstream_task_ids


def test_a_caught_failure_still_fails_the_run(dag):
    """A run has the state of its leaves, and every step must reach one that does not run after a failure."""
    tasks = {TaskState(task_id, "success") for task_id in dag.task_ids}
    leaves = {task.task_id for task in DagRun()._tis_for_dagrun_state(dag=dag, tis=tasks)}
    assert leaves == {"finish", "clean_up"}
    finish = dag.get_task("finish")
    assert finish.trigger_rule == "all_success"
    assert finish.get_flat_relative_ids(upstream=True) >= STEPS


def test_intermediate_data_goes_whatever_happens(dag):
    close_work = dag.get_task("close_work")
    assert close_work.is_teardown
    assert close_work.trigger_rule == "all_done_setup_success"
    assert close_work.upstream_task_ids == {"open_work", "finish", "clean_up"}
    assert dag.get_task("open_work").is_setup


def test_evaluations_are_mapped_and_named_after_what_they_look_at(dag):
    evaluate = dag.get_task("evaluate")
    assert evaluate.is_mapped
    assert "arguments['by']" in evaluate.partial_kwargs["map_index_template"]
