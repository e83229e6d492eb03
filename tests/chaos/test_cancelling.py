"""What people and clocks do to a task at any moment: its job is stopped, once, and nothing is left over."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from local.stack.airflow_api import AirflowRefusedError
from tests.chaos.proxy import DroppedError
from tests.chaos.rounds import Measured

CROWD = 8
SETTLE_SECONDS = 3
"""How long a second call to stop would take to come."""


def mark(run, state):
    run.chaos.api.call("PATCH", f"{run.path}/taskInstances/work/0", json={"new_state": state})


def mark_failed(run):
    mark(run, "failed")


def mark_success(run):
    mark(run, "success")


def clear(run):
    body = {"dag_run_id": run.run_id, "task_ids": [["work", 0]], "dry_run": False, "only_failed": False}
    run.chaos.api.call("POST", f"/dags/{run.dag_id}/clearTaskInstances", json=body)


def fail_run(run):
    run.chaos.api.call("PATCH", run.path, json={"state": "failed"})


def delete_run(run):
    """Airflow refuses to delete a run that runs, so it is failed just before."""
    fail_run(run)
    run.chaos.api.call("DELETE", run.path)


def delete_dag(run):
    run.chaos.api.call("DELETE", f"/dags/{run.dag_id}")


@dataclass(frozen=True)
class Action:
    """Something that ends a task, and what is true afterwards."""

    name: str
    act: Callable
    run_state: str | None
    launches: int = 1
    counted: int = 0


FAILED = Action("marked failed", mark_failed, "failed")
SUCCEEDED = Action("marked success", mark_success, "success", counted=1)
CLEARED = Action("cleared", clear, "success", launches=2, counted=1)
RUN_FAILED = Action("in a run that is marked failed", fail_run, "failed")
RUN_DELETED = Action("in a run that is deleted", delete_run, None)
DAG_DELETED = Action("in a DAG that is deleted", delete_dag, None)
ACTIONS = [FAILED, SUCCEEDED, CLEARED, RUN_FAILED, RUN_DELETED, DAG_DELETED]


def stopped(run, action, since):
    """One job was stopped, by one call; a clear has launched another, which ends well."""
    run.until(lambda: "Stopped" in run.jobs().values(), "the job is stopped")
    seconds = time.monotonic() - since
    run.until(lambda: len(run.jobs()) == action.launches, f"{action.launches} launched")
    time.sleep(SETTLE_SECONDS)
    run.gates.open()
    if action.run_state:
        run.until_over()
    time.sleep(SETTLE_SECONDS)
    assert run.state == action.run_state, run.describe()
    assert run.launched_by_task() == [action.launches], run.describe()
    assert list(run.jobs().values()) == ["Stopped", "Completed"][: action.launches], run.describe()
    assert len(run.stops()) == 1, run.describe()
    assert run.counted() == action.counted
    return Measured.of(run, seconds)


def while_waiting(action):
    """The scenario of an action while the task waits."""

    def play(chaos, dice):
        run = chaos.run(chaos.doomed() if action is DAG_DELETED else "one")
        run.until_waiting()
        time.sleep(dice.uniform(0, 2))
        since = time.monotonic()
        action.act(run)
        return stopped(run, action, since)

    play.__name__ = f"{action.act.__name__}_while_waiting"
    play.__doc__ = f"A task is {action.name} while it waits."
    return play


def while_starting(action):
    """The scenario of an action between AWS's taking the start call and its answer."""

    def play(chaos, dice):
        run, launched = chaos.plan(), []

        def hold(call, _):
            launched.append(call.job)
            time.sleep(8)
            raise DroppedError

        with chaos.proxy.rule(run.asked_by, after=hold, times=1):
            run.start()
            run.until(lambda: launched, "launched")
            time.sleep(dice.uniform(0, 2))
            since = time.monotonic()
            action.act(run)
            return stopped(run, action, since)

    play.__name__ = f"{action.act.__name__}_while_starting"
    play.__doc__ = f"A task is {action.name} while its start call is on its way."
    return play


def before_taken_up(action):
    """The scenario of an action in the moment after the deferral, held open by a triggerer that sleeps.

    It acts, yields, and looks at what has become of it when the triggerer is awake again.
    """

    def play(chaos, dice):
        run = chaos.run()
        run.until_deferred()
        time.sleep(dice.uniform(0, 1))
        since = time.monotonic()
        action.act(run)
        yield
        yield stopped(run, action, since)

    play.__name__ = f"{action.act.__name__}_before_taken_up"
    play.__doc__ = f"A task is {action.name} when it has just deferred and no triggerer has it yet."
    return play


def crowd(action):
    """The scenario of an action that ends eight waits at a time."""

    def play(chaos, dice):
        run = chaos.run(chaos.doomed("crowd"), CROWD)
        run.until_waiting()
        time.sleep(dice.uniform(0, 2))
        since = time.monotonic()
        action.act(run)
        run.until(lambda: list(run.jobs().values()).count("Stopped") == CROWD, "all are stopped")
        seconds = time.monotonic() - since
        time.sleep(SETTLE_SECONDS)
        assert run.state == action.run_state, run.describe()
        assert run.launched_by_task() == [1] * CROWD, run.describe()
        assert sorted(call.job for call in run.stops()) == sorted(run.names()), run.describe()
        return Measured.of(run, seconds)

    play.__name__ = f"{action.act.__name__}_of_eight_while_waiting"
    play.__doc__ = f"Eight tasks are {action.name} while they wait."
    return play


def timeout_while_waiting(chaos, dice):
    """A task waits for longer than its execution timeout, in both of its tries."""
    run = chaos.run("short")
    run.until_waiting()
    since = time.monotonic()
    run.until_over()
    seconds = time.monotonic() - since
    time.sleep(SETTLE_SECONDS)
    assert run.state == "failed", run.describe()
    assert run.launched_by_task() == [2], run.describe()
    assert list(run.jobs().values()) == ["Stopped", "Stopped"], run.describe()
    assert [call.job for call in run.stops()] == run.names(), run.describe()
    assert run.counted() == 0
    return Measured.of(run, seconds)


def timeout_while_starting(chaos, dice):
    """A task's start call takes longer than its execution timeout; the next try launches anew."""
    run, launched = chaos.plan("short"), []

    def hold(call, _):
        launched.append(call.job)
        time.sleep(40)
        raise DroppedError

    with chaos.proxy.rule(run.asked_by, after=hold, times=1):
        run.start()
        run.until(lambda: launched, "launched")
        since = time.monotonic()
        run.until(lambda: "Stopped" in run.jobs().values(), "the job is stopped")
        seconds = time.monotonic() - since
        # The second try has no more time than the first.
        run.gates.open()
        run.until_over()
    time.sleep(SETTLE_SECONDS)
    assert run.state == "success", run.describe()
    assert list(run.jobs().values()) == ["Stopped", "Completed"], run.describe()
    assert [call.job for call in run.stops()] == run.names()[:1], run.describe()
    assert run.counted() == 1
    return Measured.of(run, seconds)


LONGEST = [crowd(RUN_FAILED), crowd(DAG_DELETED), timeout_while_waiting, timeout_while_starting]
"""Up to a minute each, or by the clock; `make chaos` plays them too. They begin first."""
TOGETHER = [
    *(pytest.param(play, marks=pytest.mark.slow) for play in LONGEST),
    *(while_waiting(action) for action in ACTIONS),
    # Airflow refuses to delete a DAG of which a task runs.
    *(while_starting(action) for action in ACTIONS if action is not DAG_DELETED),
]
# Nobody hears of a DAG that is deleted in that moment: docs/waiting.md says so.
ASLEEP = [before_taken_up(action) for action in ACTIONS if action is not DAG_DELETED]


@pytest.mark.parametrize("together", TOGETHER, ids=lambda play: play.__name__)
def test_cancelling_stops_the_job_once(together, rounds):
    failures = rounds.together(together)
    assert not failures, failures


def test_airflow_refuses_to_delete_what_runs(chaos, rounds):
    """Why a run is failed before it is deleted, and a DAG is only deleted while its tasks wait."""
    run = chaos.run()
    run.until_deferred()
    with pytest.raises(AirflowRefusedError, match="cannot be deleted in running state"):
        chaos.api.call("DELETE", run.path)
    run.gates.open()
    run.until_over()


@pytest.mark.parametrize("asleep", ASLEEP, ids=lambda play: play.__name__)
def test_cancelling_before_a_triggerer_takes_the_task_up(asleep, rounds):
    failures = rounds.asleep(asleep)
    assert not failures, failures
