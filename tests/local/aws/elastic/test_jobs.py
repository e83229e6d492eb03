"""The jobs beside the training itself: their metrics, what they refuse, and what reaches them."""

import pytest

from tests.local.aws.elastic.jobs import PATIENCE
from tests.local.aws.sagemaker.account import until

pytestmark = pytest.mark.timeout(1800)  # torch is installed, once

TOLD = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("told to end", flush=True)))
print("begun", flush=True)
time.sleep(600)
"""


def allreduce(jobs, name, *arguments, replicas):
    command = ["torchrun", "allreduce.py", "--largest-mb", 2, "--metrics", jobs.uri(f"{name}/metrics.json")]
    limits = (replicas, replicas)
    jobs.start(name, [*command, *arguments], replicas=replicas, limits=limits, max_restarts=0, backoffLimit=0)


def test_two_ranks_measure_how_fast_they_add_up(jobs):
    allreduce(jobs, "allreduce", replicas=2)
    jobs.ended("allreduce")
    found = jobs.left("allreduce/metrics.json")
    assert (found["ranks"], found["backend"], found["provider"]) == (2, "gloo", "socket")
    assert [row["bytes"] for row in found["sizes"]] == [1024 << power for power in range(12)]
    for row in found["sizes"]:
        # Of two ranks every byte crosses the bus once in each direction: 2 (2 - 1) / 2 is 1.
        assert row["bus_gb_per_second"] == pytest.approx(row["bytes"] / row["microseconds"] / 1e3)
    bandwidths = [row["bus_gb_per_second"] for row in found["sizes"]]
    assert found["maximum_gb_per_second"] == max(bandwidths)
    assert found["average_gb_per_second"] == pytest.approx(sum(bandwidths) / len(bandwidths))


def test_one_rank_alone_has_nothing_to_add_up(jobs):
    allreduce(jobs, "alone", replicas=1)
    jobs.ended("alone", "Failed")
    assert "There is one rank, and nothing to add up" in jobs.left("alone/failure.json")["error"]


def test_adapters_that_are_not_used_are_told(jobs):
    allreduce(jobs, "adapters", "--adapters", 4, replicas=2)
    jobs.ended("adapters", "Failed")
    error = jobs.left("adapters/failure.json")["error"]
    assert "has 4 Elastic Fabric Adapters, and NCCL took the provider socket" in error
    assert jobs.left("adapters/metrics.json")["provider"] == "socket"


def test_a_data_set_is_copied_once(jobs, prepared, volume):
    assert (prepared["classes"], prepared["train_images"], prepared["val_images"]) == (10, 1437, 360)
    assert prepared["copied"] == 1797
    assert len(list((volume / "digits" / "val").glob("*/*.png"))) == 360
    command = ["python3", "prepare.py", "--source", "digits", "--volume", "/data", "--name", "digits"]
    jobs.start("once-more", [*command, "--metrics", jobs.uri("once-more.json")])
    jobs.ended("once-more")
    again = jobs.left("once-more.json")
    assert (again["copied"], again["counts"]) == (0, prepared["counts"])


def test_a_training_of_data_that_is_not_there_is_not_started_again_and_again(jobs):
    jobs.train("nothing", replicas=2, limits=(2, 2), data="/data/nothing", backoffLimit=0)
    jobs.ended("nothing", "Failed")
    assert jobs.left("nothing/failure.json")["error"].endswith("prepare the data set first.")
    errors = [line for line in jobs.log("nothing") if "ERROR: There is no folder" in line]
    assert 1 <= len(errors) <= 2  # one of each rank, unless it was ended before


def test_checkpoints_of_another_training_are_refused(jobs, prepared, undisturbed):
    checkpoints = ["--checkpoints", "/data/runs/undisturbed", "--seed", 7]
    jobs.train("other", *checkpoints, replicas=1, backoffLimit=0)
    jobs.ended("other", "Failed")
    assert "are of another training: seed was 42 and is 7" in jobs.left("other/failure.json")["error"]


def test_a_training_leaves_the_use_of_its_pods_and_a_model_without_code(jobs, undisturbed):
    keys = jobs.account.keys("left/undisturbed/")
    names = {key.removeprefix("left/undisturbed/") for key in keys}
    pod = "utilisation/undisturbed-worker-0.csv"
    assert names == {"model.pt", "history.json", "metrics.json", "told.json", pod}
    assert jobs.account.get(f"left/undisturbed/{pod}").startswith(b"time,device,percent")
    assert jobs.left("undisturbed/told.json") == undisturbed
    history = jobs.left("undisturbed/history.json")
    assert [epoch["epoch"] for epoch in history] == list(range(1, undisturbed["epochs"] + 1))
    assert history[-1]["train_loss"] < history[0]["train_loss"]
    assert undisturbed["accuracy"] == history[-1]["validation_accuracy"] > 0.9


@pytest.mark.slow
def test_a_pod_may_have_several_ranks_each_with_processes_that_read(jobs, prepared):
    arguments = ["--network", "residual", "--readers", 1, "--image-size", 16]
    jobs.train("several", *arguments, replicas=1, limits=(1, 1), per_node=2, epochs=4)
    jobs.ended("several")
    metrics = jobs.left("several/metrics.json")
    assert (metrics["world_sizes"], metrics["epochs"]) == ([2], 4)
    assert metrics["accuracy"] > 0.5  # chance is 0.1
    assert {start.rank for start in jobs.starts("several")} == {0, 1}


def test_the_signal_that_ends_a_pod_reaches_its_program(jobs):
    jobs.start("told", ["python3", "told.py"], code={"told.py": TOLD.encode()})
    jobs.wait_for("told", "begun")
    jobs.delete("told")
    log = until(
        lambda: jobs.log("told"), lambda lines: any("told to end" in line for line in lines), PATIENCE
    )
    assert any("told to end" in line for line in log)


def test_code_that_is_not_there_is_told(jobs):
    jobs.start("lost", ["no-such-program"], backoffLimit=0)
    jobs.ended("lost", "Failed")
    assert any("There is no program no-such-program" in line for line in jobs.log("lost"))
