"""What ends a training of several ranks, and what does not."""

import subprocess
import time

import pytest

from local.aws.runtime import epochs
from tests.include.jobs.conftest import REPOSITORY
from tests.local.aws.sagemaker.horovod.jobs import EPOCHS

pytestmark = pytest.mark.timeout(1800)  # Horovod is compiled, once

AT_STEP = """
import os, sys, time
import horovod.torch as hvd
import epochs, train

def at_step(*arguments, _whole=epochs.learning_rate):
    step = arguments[2]
    if hvd.rank() == 1 and {at}:
        {fault}
    return _whole(*arguments)

epochs.learning_rate = at_step
sys.exit(train.main())
"""
LONG_VALIDATION = """
import sys, time
import first_rank, measuring, train

def slowly(*arguments, _whole=measuring.Measured.of):
    for each in _whole(*arguments):
        time.sleep({seconds})
        yield each

first_rank.PULSE_SECONDS = {pulse}
measuring.Measured.of = slowly
sys.exit(train.main())
"""


def program(text):
    """Options of a training that starts with another script."""
    return {"code": {"other.py": text.encode()}, "sagemaker_program": "other.py"}


def test_a_shard_object_that_is_missing_is_named(trainings, account, sharded):
    sharded(2)
    for key in account.keys("shards/2/"):
        if not key.endswith("train/1/part-00003.tfrecord"):
            account.put(key.replace("shards/2", "less"), account.get(key))
    reason = trainings.failure("missing", shards="less")
    assert "Rank 1 has read" in reason
    assert "Not there: part-00003.tfrecord" in reason


def test_a_truncated_record_is_named_by_object_and_byte(trainings, account, sharded):
    sharded(2)
    for key in account.keys("shards/2/"):
        content = account.get(key)
        cut = content[: len(content) // 2] if key.endswith("train/0/part-00005.tfrecord") else content
        account.put(key.replace("shards/2", "cut"), cut)
    assert "of part-00005.tfrecord" in trainings.failure("cut", shards="cut")


def test_a_rank_that_is_killed_ends_the_job_with_its_number(trainings):
    reason = trainings.failure(
        "killed", **program(AT_STEP.format(at="step == 5", fault="os.kill(os.getpid(), 9)"))
    )
    assert "rank 1 on algo-1 was ended by signal SIGKILL" in reason


def test_a_rank_that_hangs_ends_the_job_with_its_number(trainings):
    reason = trainings.failure("hung", **program(AT_STEP.format(at="step == 5", fault="time.sleep(10_000)")))
    assert "rank 1 on algo-1 hung: the others waited 10 s for it" in reason


@pytest.mark.slow
def test_ranks_do_not_take_a_long_validation_of_rank_0_for_one_that_hangs(trainings):
    """One that takes three times as long as ranks wait for one that takes no part."""
    long = {"epochs": 1, "stall_seconds": 4, "batch_size": 32}
    trainings.train("validates", **long, **program(LONG_VALIDATION.format(seconds=2, pulse=1)))
    # That is what it takes: without a sign of life of rank 0 they give up.
    silent = program(LONG_VALIDATION.format(seconds=2, pulse=1000))
    assert "HorovodInternalError" in trainings.failure("silent", **long, **silent)


@pytest.mark.slow
def test_a_slow_s3_is_waited_for(trainings, sharded, monkeypatch):
    """Half a second for each object, sixteen of them in an epoch of a rank."""

    class Slow(epochs.ObjectStream):
        def __init__(self, *arguments):
            time.sleep(0.5)
            super().__init__(*arguments)

    monkeypatch.setattr(epochs, "ObjectStream", Slow)
    history = trainings.train("slow")
    assert [epoch["records_read"] for epoch in history] == [sharded(2)["train_records"]] * EPOCHS
    assert min(epoch["seconds"] for epoch in history) > 0.5 * 10


@pytest.mark.slow
def test_a_job_that_is_interrupted_goes_on_after_the_last_epoch_that_was_saved(trainings, account, sharded):
    spot = {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600},
        "CheckpointConfig": {"S3Uri": f"s3://{account.bucket}/saved"},
    }
    slower = program(AT_STEP.format(at="True", fault="time.sleep(0.02)"))
    trainings.start("spot", request=spot, epochs=6, **slower)
    trainings.wait_for("spot", "epoch 2 of 6")
    trainings.interrupt("spot")
    history = trainings.history("spot")
    assert [epoch["epoch"] for epoch in history] == list(range(6))
    assert {epoch["records_read"] for epoch in history} == {sharded(2)["train_records"]}
    [again] = [line for line in trainings.lines("spot") if "Goes on after epoch" in line]
    assert again.startswith(("[0] Goes on after epoch 1", "[0] Goes on after epoch 2"))
    assert history[-1]["loss"] < history[1]["loss"]


def test_a_job_that_is_stopped_leaves_nothing_running(trainings, account):
    trainings.start("stopped", epochs=10_000)
    trainings.wait_for("stopped", "epoch 1 of")
    account.sagemaker.stop_training_job(TrainingJobName="stopped")
    assert trainings.ended("stopped")["TrainingJobStatus"] == "Stopped"
    running = subprocess.run(["ps", "axo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(REPOSITORY) not in "".join(
        line for line in running.splitlines() if "train.py --batch_size" in line
    )
