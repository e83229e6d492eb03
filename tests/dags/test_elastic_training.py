"""The form's defaults, and what is taken away whatever has failed."""

import pytest

from tests.include.pipelines.test_elastic_training import PARAMS


@pytest.fixture
def dag(bag):
    return bag.dags["elastic_training"]


def test_the_defaults_are_those_with_which_every_request_is_tested(dag):
    assert dag.params.validate() == PARAMS


def test_nothing_is_made_before_the_plan(dag):
    made = {"provision", "make_volume", "prepare", "preflight", "train", "scaling"}
    assert made <= dag.get_task("plan").get_flat_relative_ids(upstream=False)


def test_the_volume_goes_before_the_stack_and_that_it_is_gone_is_waited_for(dag):
    teardowns = ["delete_volume", "take_away", "taken_away"]
    assert [task.task_id for task in dag.topological_sort() if task.is_teardown] == teardowns
    for task_id in teardowns:
        assert dag.get_task(task_id).trigger_rule == "all_done_setup_success"
    assert "scaling" in dag.get_task("delete_volume").upstream_task_ids
    for setup, teardown in (("make_volume", "delete_volume"), ("provision", "take_away")):
        assert dag.get_task(setup).is_setup
        assert setup in dag.get_task(teardown).upstream_task_ids


def test_what_could_not_be_taken_away_fails_the_run(dag):
    assert dag.get_task("taken_away").on_failure_fail_dagrun


def test_trainings_of_the_scaling_do_not_take_each_other_s_nodes(dag):
    assert dag.get_task("scaling").partial_kwargs["max_active_tis_per_dagrun"] == 1
