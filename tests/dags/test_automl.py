"""The shape of the learning without code: how far a failure reaches, and what is only done if asked for."""

import pytest


@pytest.fixture
def dag(bag):
    return bag.dags["automl"]


def test_a_pair_that_fails_takes_nothing_from_the_others(dag):
    group = dag.task_group.children["learn"]
    assert type(group).__name__ == "MappedTaskGroup"
    assert dag.get_task("learn.report").upstream_task_ids == {"learn.train", "take_pairs"}


def test_a_report_that_fails_fails_the_run(dag):
    """Of what has nothing downstream but a teardown, each decides how the run has ended."""
    leaves = {task.task_id for task in dag.tasks if all(each.is_teardown for each in task.downstream_list)}
    assert leaves == {"learn.report", "score", "deploy", "tear_down"}
    assert dag.get_task("tear_down").is_teardown


def test_further_files_are_predicted_without_an_endpoint(dag):
    assert dag.get_task("score").upstream_task_ids == {"create_model"}
    assert dag.get_task("create_model").upstream_task_ids == {"learn.train"}


def test_only_tables_wake_it(dag):
    """A script of somebody's own is uploaded before the tables that it is for."""
    [asset] = dag.timetable.asset_condition.objects
    [watcher] = asset.watchers
    assert watcher.trigger.serialize()[1]["suffix"] == ".csv"
