"""Workers that go and come while a training runs: it goes on from the last checkpoint, to the same model."""

import os
import random
import time
from itertools import combinations, groupby

import psutil
import pytest

from tests.local.aws.elastic.jobs import CHECKPOINT_STEPS, EPOCHS, PATIENCE
from tests.local.aws.sagemaker.account import until

pytestmark = pytest.mark.timeout(1800)  # torch is installed, once

PAUSE = 0.05
STEPS_OF_EPOCH = 23
STEPS = EPOCHS * STEPS_OF_EPOCH
TOLERANCE = 0.02
"""Of the accuracy on 360 images. Every step takes the same records with the same weights; what differs with
the number of ranks is the order in which float32 numbers are added up. Over 138 steps that turns the answer
to an image or two, of 0.3 % each."""
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "20"))


def assert_same_model(found, undisturbed):
    assert found["accuracy"] == pytest.approx(undisturbed["accuracy"], abs=TOLERANCE)
    assert (found["epochs"], found["steps"]) == (EPOCHS, STEPS)


def assert_no_step_is_lost(starts):
    """Each start is at a checkpoint, none before the one of the start before it."""
    steps = [start.step for start in starts]
    assert all(step % CHECKPOINT_STEPS == 0 or step % STEPS_OF_EPOCH == 0 for step in steps)
    assert steps == sorted(steps)


def test_a_training_goes_from_three_workers_to_two_and_back(jobs, undisturbed):
    jobs.train("scaled", replicas=3, pause=PAUSE)
    rounds = [jobs.comes_to("scaled", 3)]
    jobs.wait_for_step("scaled", STEPS_OF_EPOCH)
    jobs.scale("scaled", 2)
    rounds.append(jobs.comes_to("scaled", 2, from_step=STEPS_OF_EPOCH))
    jobs.scale("scaled", 3)
    rounds.append(jobs.comes_to("scaled", 3, from_step=STEPS_OF_EPOCH))
    jobs.ended("scaled")
    metrics = jobs.left("scaled/metrics.json")
    sizes = [size for size, _ in groupby(metrics["world_sizes"])]
    assert sizes[sizes.index(3) :] == [3, 2, 3]  # on a busy machine the third may come late at first, too
    pids = [{start.pid for start in each} for each in rounds]
    assert all(not some & others for some, others in combinations(pids, 2))
    assert_no_step_is_lost(jobs.starts_of_first("scaled"))
    assert_same_model(metrics, undisturbed)


def disturb(jobs, name, victim):
    """Kills a process at a step that is drawn; ``victim`` finds it among the ranks that have started.

    Returns the step of the checkpoint that there was by then, at least.
    """
    seed = time.time_ns()
    print(f"seed {seed}")
    at = random.Random(seed).randrange(1, STEPS - 3 * CHECKPOINT_STEPS)
    jobs.train(name, replicas=3, pause=PAUSE)
    jobs.comes_to(name, 3)
    saved = jobs.wait_for_step(name, at // CHECKPOINT_STEPS * CHECKPOINT_STEPS)
    time.sleep(PAUSE * (at % CHECKPOINT_STEPS))
    victim(random.Random(seed), jobs.together(name, 3)).kill()
    jobs.ended(name)
    return saved


def assert_it_went_on(jobs, name, saved, undisturbed):
    metrics = jobs.left(f"{name}/metrics.json")
    assert metrics["restarts"] >= 1
    starts = jobs.starts_of_first(name)
    assert starts[-1].step >= saved
    assert_no_step_is_lost(starts)
    assert_same_model(metrics, undisturbed)


def rank(draw, starts):
    return psutil.Process(draw.choice(starts).pid)


def agent(draw, starts):
    """Of any worker but the first: its end is its pod's."""
    return psutil.Process(draw.choice([start for start in starts if start.rank]).pid).parent()


def agent_of_first(draw, starts):
    """With it goes the rendezvous, for all."""
    return psutil.Process(next(start for start in starts if not start.rank).pid).parent()


VICTIMS = (rank, agent, agent_of_first)


@pytest.mark.parametrize("victim", [rank, pytest.param(agent_of_first, marks=pytest.mark.slow)])
def test_a_training_goes_on_without_a_process_that_is_killed(jobs, undisturbed, victim):
    name = f"killed-{victim.__name__.replace('_', '-')}"
    saved = disturb(jobs, name, victim)
    assert_it_went_on(jobs, name, saved, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("victim", VICTIMS)
def test_it_does_so_whenever_that_happens(jobs, undisturbed, victim, number):
    name = f"again-{victim.__name__.replace('_', '-')}-{number}"
    saved = disturb(jobs, name, victim)
    assert_it_went_on(jobs, name, saved, undisturbed)


def test_a_training_listens_on_the_loopback_interface_only(jobs, prepared):
    jobs.train("listens", replicas=2, pause=PAUSE, limits=(2, 2))
    processes = [psutil.Process(start.pid) for start in jobs.comes_to("listens", 2)]
    jobs.wait_for_step("listens", CHECKPOINT_STEPS)
    agents = [process.parent() for process in processes]
    assert len({agent.pid for agent in agents}) == 2
    found = [
        connection.laddr.ip
        for process in [*agents, *processes]
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    # The rendezvous, the store of this round, and Gloo of each rank.
    assert len(found) >= 4
    assert set(found) == {"127.0.0.1"}
    jobs.delete("listens")
    until(lambda: [each for each in processes if each.is_running()], lambda left: not left, PATIENCE)
