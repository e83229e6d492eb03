"""A choice skips what was not chosen and nothing else; a decision is what its function says."""

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, DownstreamTasksSkipped

from millrace.operators.choice import ChoiceOperator, DecisionOperator


@pytest.fixture
def choose(context):
    """Runs a choice between cleaning and going straight on, beside a task that waits for a failure."""

    def make(decided, choices=("clean", "straight_on")):
        with DAG("choice"):
            choice = ChoiceOperator(task_id="choose", decide=lambda run, way: way, arguments={"way": decided},
                                    choices=choices)  # fmt: skip
            clean, join = EmptyOperator(task_id="clean"), EmptyOperator(task_id="join")
            straight_on, catch = EmptyOperator(task_id="straight_on"), EmptyOperator(task_id="catch")
            choice >> [clean, straight_on, catch]
            clean >> join
            straight_on >> join
        context["ti"].task = choice
        try:
            choice.execute(context)
        except DownstreamTasksSkipped as skipped:
            return [task[0] for task in skipped.tasks]
        return []

    return make


@pytest.mark.parametrize(("decided", "skipped"), [("clean", "straight_on"), ("straight_on", "clean")])
def test_only_the_way_not_taken_is_skipped(choose, context, decided, skipped):
    assert choose(decided) == [skipped]
    assert context["ti"].pushed["return_value"] == decided


def test_a_way_that_leads_back_to_the_other_skips_neither(context):
    """What is dropped first is trained on afterwards: training comes after either way."""
    with DAG("choice"):
        choice = ChoiceOperator(task_id="choose", decide=lambda run: "drop", choices=("drop", "train"))
        drop, train = EmptyOperator(task_id="drop"), EmptyOperator(task_id="train")
        choice >> [drop, train]
        drop >> train
    context["ti"].task = choice
    choice.execute(context)
    assert context["ti"].pushed["return_value"] == "drop"


@pytest.mark.parametrize("decided", ["catch", "nowhere", None])
def test_a_decision_for_what_is_no_choice_fails(choose, decided):
    with pytest.raises(AirflowFailException, match=f"decided for {decided!r}, which is none of clean, strai"):
        choose(decided)


def test_a_choice_that_is_not_downstream_fails(choose):
    with pytest.raises(AirflowFailException, match="may choose join, not downstream of it"):
        choose("clean", choices=("clean", "join"))


def test_a_decision_takes_the_run_and_its_arguments(context):
    context["params"] = {"by": ["sex"]}
    decision = DecisionOperator(
        task_id="plan",
        decide=lambda run, model: [{"model": model, "by": column} for column in run.params["by"]],
        arguments={"model": "s3://b/m"},
    )
    assert decision.execute(context) == [{"model": "s3://b/m", "by": "sex"}]
