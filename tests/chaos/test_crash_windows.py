"""Processes of Airflow die at the worst moments; afterwards there is one remote job per task."""

import time

import pytest

from tests.chaos import harness
from tests.chaos.airflow import until
from tests.chaos.harness import HEALTH_SECONDS
from tests.chaos.proxy import DroppedError
from tests.chaos.rounds import Measured
from tests.chaos.runs import DESCRIBE, RECOVERY_SECONDS

FEW = 4


def completed(run, since, jobs=1):
    """The run came to its end: one job per task, none stopped, the last task once."""
    run.gates.open()
    run.until_over()
    seconds = time.monotonic() - since
    assert run.state == "success", run.describe()
    assert run.launched_by_task() == [1] * jobs, run.describe()
    assert set(run.jobs().values()) == {"Completed"}, run.describe()
    assert run.stops() == [], run.describe()
    assert run.counted() == 1
    return Measured.of(run, seconds)


class Killing:
    """Code of a rule: kills the process that made the call, after a moment; nobody answers."""

    def __init__(self, dice, *, supervisor=False, orphan_lives=False):
        self.delay = dice.uniform(0, 1)
        self.supervisor, self.orphan_lives = supervisor, orphan_lives
        self.at = None

    def __call__(self, call, *_):
        time.sleep(self.delay)
        task = call.process()
        if self.supervisor:
            task.parent().kill()
        if not self.orphan_lives:
            task.kill()
        self.at = time.monotonic()
        if not self.orphan_lives:
            raise DroppedError


def task_killed_before_the_start_call(chaos, dice):
    """The task's process is killed before its start call reaches AWS."""
    run, kill = chaos.plan(), Killing(dice)
    with chaos.proxy.rule(run.asked_by, before=kill, times=1):
        run.start()
        run.until(lambda: kill.at, "killed")
        run.until_deferred()
    return completed(run, kill.at)


def task_killed_between_start_and_deferral(chaos, dice):
    """The task's process is killed when AWS has started the job and has not yet said so."""
    run, kill = chaos.plan(), Killing(dice)
    with chaos.proxy.rule(run.asked_by, after=kill, times=1):
        run.start()
        run.until(lambda: kill.at, "killed")
        run.until_deferred()
    return completed(run, kill.at)


def task_killed_while_resuming(chaos, dice):
    """The task's process is killed when it has woken and asks how its job ended."""
    run, kill = chaos.plan(), Killing(dice)

    def resumes(call):
        return call.operation == DESCRIBE and run.about(call) and chaos.is_task(call)

    run.start()
    run.until_waiting()
    with chaos.proxy.rule(resumes, before=kill, times=1):
        run.gates.open()
        run.until(lambda: kill.at, "killed")
    return completed(run, kill.at)


def supervisor_killed(chaos, dice):
    """The task and its supervisor are killed during the start call."""
    run, kill = chaos.plan(), Killing(dice, supervisor=True)
    with chaos.proxy.rule(run.asked_by, before=kill, times=1):
        run.start()
        run.until(lambda: kill.at, "killed")
        run.until_deferred()
    return completed(run, kill.at)


def supervisor_killed_and_task_lives(chaos, dice):
    """The supervisor is killed, and its orphaned task's start call arrives after the retry's."""
    run, kill = chaos.plan(), Killing(dice, supervisor=True, orphan_lives=True)

    def outlive(call):
        kill(call)
        until(lambda: len([made for made in run.creates() if made.accepted]) == 1, 60, "no retry")

    with chaos.proxy.rule(run.asked_by, before=outlive, times=1):
        run.start()
        run.until(lambda: kill.at, "killed")
        run.until_deferred()
        run.until(lambda: all(call.status for call in run.creates()), "the orphan's call was answered")
    assert sorted(call.accepted for call in run.creates()) == [False, True], run.creates()
    return completed(run, kill.at)


def triggerer_killed(chaos, dice):
    """The triggerer is killed while four tasks wait; their jobs end before or after the next one starts."""
    run = chaos.run("few", FEW)
    run.until_waiting()
    time.sleep(dice.uniform(0, 1))
    chaos.triggerer.kill()
    killed = time.monotonic()
    early = dice.sample(range(FEW), dice.randint(1, FEW))
    run.gates.open(*early)
    time.sleep(dice.uniform(0, 2))
    chaos.start_triggerer()
    return completed(run, killed, FEW)


def triggerer_replaced(chaos, dice):
    """A rolling deploy: a new triggerer starts, then the old one is told to go; jobs end meanwhile."""
    run, old = chaos.run("few", FEW), chaos.triggerer
    run.until_waiting()
    chaos.start_triggerer()
    told = time.monotonic()
    old.ask_to_end()
    for index in dice.sample(range(FEW), FEW):
        time.sleep(dice.uniform(0, 1))
        run.gates.open(index)
    until(lambda: not old.is_running, 30, "the old triggerer has not ended")
    return completed(run, told, FEW)


def triggerer_suspended(chaos, dice):
    """A triggerer is suspended for longer than the health threshold, loses its waits, and wakes."""
    run, first = chaos.run("few", FEW), chaos.triggerer
    run.until_waiting()
    chaos.start_triggerer()
    (before,) = run.triggerers()
    first.suspend()
    since = time.monotonic()
    try:
        run.until(lambda: before not in run.triggerers(), "the other has taken the waits", HEALTH_SECONDS * 4)
        time.sleep(dice.uniform(0, 2))
    finally:
        first.wake()
    # The first finds that its waits are gone, and Airflow has it kill each of them.
    time.sleep(4)
    assert run.task_states() == ["deferred"] * FEW, run.describe()
    assert set(run.jobs().values()) == {"InProgress"}, run.describe()
    return completed(run, since, FEW)


def scheduler_killed_while_tasks_wait(chaos, dice):
    """The scheduler is killed, with its workers, while four tasks wait; their jobs end meanwhile."""
    run = chaos.run("few", FEW)
    run.until_waiting()
    chaos.scheduler.kill()
    killed = time.monotonic()
    run.gates.open(*dice.sample(range(FEW), dice.randint(1, FEW)))
    time.sleep(dice.uniform(0, 3))
    chaos.start("scheduler")
    return completed(run, killed, FEW)


def scheduler_killed_while_one_resumes(chaos, dice):
    """The scheduler is killed, with its workers, while one of four tasks resumes."""
    run, killed = chaos.run("few", FEW), []

    def resumes(call):
        return call.operation == DESCRIBE and run.about(call) and chaos.is_task(call)

    def kill(_):
        time.sleep(delay)
        chaos.scheduler.kill()
        killed.append(time.monotonic())
        raise DroppedError

    delay = dice.uniform(0, 1)
    run.until_waiting()
    with chaos.proxy.rule(resumes, before=kill, times=1):
        run.gates.open(dice.randrange(FEW))
        run.until(lambda: killed, "killed")
    time.sleep(dice.uniform(0, 2))
    chaos.start("scheduler")
    return completed(run, killed[0], FEW)


def scheduler_killed_and_workers_live(chaos, dice):
    """Only the scheduler's process is killed; the next one resets a task that is still in its start call."""
    run, killed = chaos.plan(), []

    def kill(*_):
        time.sleep(delay)
        chaos.scheduler.kill_only_itself()
        killed.append(time.monotonic())
        until(lambda: run.task_states() != ["running"], RECOVERY_SECONDS, "the task is not reset")

    delay = dice.uniform(0, 1)
    with chaos.proxy.rule(run.asked_by, after=kill, times=1):
        run.start()
        run.until(lambda: killed, "killed")
    time.sleep(dice.uniform(0, 2))
    chaos.start("scheduler")
    run.until_deferred()
    return completed(run, killed[0])


TOGETHER = [
    task_killed_before_the_start_call,
    task_killed_between_start_and_deferral,
    task_killed_while_resuming,
    supervisor_killed,
    supervisor_killed_and_task_lives,
]
ALONE = [
    triggerer_killed,
    triggerer_replaced,
    triggerer_suspended,
    scheduler_killed_while_tasks_wait,
    scheduler_killed_while_one_resumes,
    scheduler_killed_and_workers_live,
]


@pytest.mark.parametrize("together", TOGETHER, ids=lambda play: play.__name__)
def test_crash_of_a_task(together, rounds):
    failures = rounds.together(together)
    assert not failures, failures


SLOW = (
    triggerer_replaced,
    triggerer_suspended,
    scheduler_killed_and_workers_live,
    scheduler_killed_while_one_resumes,
)
"""Half a minute each; `make chaos` plays them too."""


@pytest.mark.parametrize(
    "alone",
    [pytest.param(play, marks=pytest.mark.slow if play in SLOW else ()) for play in ALONE],
    ids=lambda play: play.__name__,
)
def test_crash_of_a_service(alone, rounds, chaos):
    if alone in (triggerer_replaced, triggerer_suspended) and not chaos.several_triggerers:
        pytest.skip(harness.NO_POSTGRESQL)
    failures = rounds.alone(alone)
    assert not failures, failures
