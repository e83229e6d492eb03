"""Ranks, pipes and the registry under a real scheduler: by the command line, over REST, and once more."""

import io
import json
import tarfile

import pytest

pytestmark = pytest.mark.timeout(1800)  # Horovod is compiled, once
DAG = "horovod_training"
EPOCHS = 3
TASKS = ("shard", "train", "find_champion", "evaluate", "approve")


@pytest.fixture(scope="module")
def first(stack):
    return stack.run(DAG, "--param", f"epochs={EPOCHS}", "--param", "min_accuracy=0.5")


def result(stack, run_id, task):
    """What a task returned."""
    with stack.api() as api:
        entry = f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/{task}/xcomEntries/return_value"
        return api.get(entry).raise_for_status().json()["value"]


def history(stack, run_id):
    """What came of each epoch."""
    content = stack.read(result(stack, run_id, "train")["artifact"])
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return json.load(tar.extractfile("history.json"))


def test_four_ranks_read_every_record_once_in_each_epoch(stack, first):
    metrics = first["metrics"]
    assert (metrics["ranks"], metrics["epochs"], metrics["duplicates"]) == (4, EPOCHS, 0)
    assert metrics["records_read"] == EPOCHS * metrics["train_records"]
    assert metrics["accuracy"] > 0.5
    assert stack.states(DAG, first["run_id"]) == dict.fromkeys(TASKS, "success")


def test_the_plan_is_in_the_result_and_the_board_is_one_click_away(stack, first):
    plan = result(stack, first["run_id"], "train")["plan"]
    assert (plan["ranks"], plan["instances"], plan["ranks_per_instance"]) == (4, 1, 4)
    assert plan["channels"] == [*(f"train_{rank}" for rank in range(4)), "validation", "eval"]
    with stack.api() as api:
        links = api.get(f"/dags/{DAG}/dagRuns/{first['run_id']}/taskInstances/train/links").json()
    assert "tensorboard-output" in links["extra_links"]["TensorBoard"]


def test_a_training_that_is_cleared_goes_on_from_its_last_checkpoint(stack, first):
    before = history(stack, first["run_id"])
    again = {"dry_run": False, "dag_run_id": first["run_id"], "task_ids": ["train"], "only_failed": False}
    with stack.api() as api:
        api.post(
            f"/dags/{DAG}/clearTaskInstances", json=again | {"include_downstream": True}
        ).raise_for_status()
    stack.ended(DAG, first["run_id"])
    assert stack.states(DAG, first["run_id"]) == dict.fromkeys(TASKS, "success")
    # All epochs were behind it: none is trained again, and what came of them is known.
    assert history(stack, first["run_id"]) == before
    assert len(stack.jobs(first["run_id"], "Training")) == 2


def test_ranks_without_a_gpu_are_refused_before_the_first_job(stack, first):
    run_id = stack.over_rest(DAG, {"ranks": 3})["dag_run_id"]
    assert stack.states(DAG, run_id)["shard"] == "failed"
    assert stack.jobs(run_id) == stack.jobs(run_id, "Training") == {}
