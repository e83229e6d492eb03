"""Two triggerers share two hundred waits, and one is killed half-way."""

import time
from collections import Counter

import pytest

from tests.chaos import harness
from tests.chaos.airflow import until
from tests.chaos.rounds import Measured

WAITS = 200
PATIENCE = 900


def one_of_two_triggerers_killed(chaos, dice):
    """Two triggerers have two hundred waits; one is killed when half of the jobs have ended."""
    run, first = chaos.plan("many", WAITS), chaos.triggerer
    chaos.start_triggerer()
    run.start()
    # Asking for two hundred tasks takes the API server's time from the tasks.
    run.until(lambda: len(run.names()) == WAITS, "all are launched", PATIENCE)
    run.until(lambda: run.task_states().count("deferred") == WAITS, "all wait", PATIENCE, every=3)
    run.until(lambda: None not in run.triggerers(), "all are taken up", every=3)
    assert len(run.triggerers()) == 2, Counter(task["trigger"]["triggerer_id"] for task in run.tasks())
    order = dice.sample(range(WAITS), WAITS)
    run.gates.open(*order[: WAITS // 2])
    until(lambda: list(run.jobs().values()).count("Completed") == WAITS // 2, PATIENCE, "half", every=1)
    first.kill()
    killed = time.monotonic()
    run.gates.open(*order[WAITS // 2 :])
    run.until_over(PATIENCE)
    seconds = time.monotonic() - killed
    assert run.state == "success", Counter(run.task_states())
    assert run.launched_by_task() == [1] * WAITS
    assert Counter(run.jobs().values()) == {"Completed": WAITS}
    assert run.stops() == []
    assert run.counted() == 1
    assert set(Counter(run.results()).values()) == {1}, "a task has handed in its result twice"
    return Measured.of(run, seconds)


@pytest.mark.slow
def test_two_hundred_waits(chaos, rounds):
    if not chaos.several_triggerers:
        pytest.skip(harness.NO_POSTGRESQL)
    failures = rounds.alone(one_of_two_triggerers_killed)
    assert not failures, failures
