"""The shape of the voice messages: how far a failure reaches."""

import pytest
from airflow.sdk import TaskGroup


@pytest.fixture
def dag(bag):
    return bag.dags["voice_message"]


def test_a_recording_that_fails_takes_nothing_from_the_others(dag):
    """Each recording has its own copy of the group, so a task in it waits for its own index only."""
    group = dag.task_group.children["message"]
    assert isinstance(group, TaskGroup)
    assert type(group).__name__ == "MappedTaskGroup"
    assert dag.get_task("message.send").upstream_task_ids == {"message.transcribe", "take_recordings"}


def test_a_run_without_words_to_filter_still_transcribes(dag):
    transcribe = dag.get_task("message.transcribe")
    assert transcribe.trigger_rule == "none_failed"
    assert "update_filter" in transcribe.upstream_task_ids
