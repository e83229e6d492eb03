"""One contender waits for so many jobs: what it costs while they run, how late it learns of their end."""

import random
import statistics
import time
from dataclasses import dataclass

from bench.waiting_rig.airflow import Airflow, wait_until
from bench.waiting_rig.aws import AwsProcess, Calls
from bench.waiting_rig.contenders import Contender, dag_id, job_name, jobs_per_run, run_ids
from bench.waiting_rig.usage import usage

HOUR = 3600.0
SETTLE_SECONDS = 3.0
"""From the last job's event that it runs to the steady window."""
PATIENCE_SECONDS = 600.0


@dataclass(frozen=True)
class Plan:
    """What all contenders have in common: the jobs, how long they are left alone, when they end.

    ``ends`` are seconds after the window in which nothing happens.
    """

    jobs: int
    turn: int
    steady: float
    ends: tuple[float, ...]

    @classmethod
    def make(cls, jobs: int, turn: int, steady: float) -> "Plan":
        """Random ends, at most eight a second: as many as two cores' scheduler can follow."""
        moments = random.Random(f"{jobs}/{turn}")
        window = max(20.0, jobs / 8)
        return cls(jobs, turn, steady, tuple(moments.uniform(0, window) for _ in range(jobs)))


@dataclass(frozen=True)
class Wait:
    """What was measured; delays in seconds, one for each job."""

    until_waiting: float
    """Seconds from the run's start until every job is waited for."""
    to_event: list[float]
    to_next: list[float]
    calls: Calls
    """All requests, from the run's start until every job has ended and every next task has run."""
    calls_steady: Calls
    """Requests while nothing happened."""
    steady: float
    """Seconds in which nothing happened."""
    life: float
    """Seconds from the run's start to a job's end, on average."""
    cpu_percent: float
    memory_mib: float

    def calls_per_job(self, *, operations: str = "") -> float:
        """Requests per job that is waited for during an hour, of operations that begin so.

        What was counted, and for the rest of the hour the rate of the time in which nothing happened.
        """
        counted, steady = (
            sum(number for (_, operation), number in calls.items() if operation.startswith(operations))
            for calls in (self.calls, self.calls_steady)
        )
        return (counted + steady / self.steady * max(0.0, HOUR - self.life)) / len(self.to_event)


def wait(airflow: Airflow, aws: AwsProcess, contender: Contender, plan: Plan) -> Wait:
    """Lets a contender wait in a triggerer of its own."""
    dag, runs = dag_id(plan.jobs), run_ids(contender, plan.turn, plan.jobs)
    tasks = [(run, index) for run in runs for index in range(jobs_per_run(plan.jobs))]
    names = [job_name(dag, run, index) for run, index in tasks]
    aws.create(names)
    with airflow.triggerer() as triggerer:
        began = time.time()
        for run in runs:
            airflow.trigger(dag, run)
        waits = f"{contender.name} waits for {plan.jobs} jobs"
        wait_until(lambda: aws.described() >= plan.jobs, waits, PATIENCE_SECONDS)
        until_waiting = time.time() - began
        aws.announce(names)
        time.sleep(SETTLE_SECONDS)
        starting, before = aws.calls(), usage(triggerer)
        time.sleep(plan.steady)
        after, so_far = usage(triggerer), aws.calls()
        now = time.time()
        aws.end_at({name: now + end for name, end in zip(names, plan.ends, strict=True)})
        _wait_for_end(airflow, dag, runs, plan)
        starts = airflow.metadata.starts(dag, runs, "job.after")
    ended, calls = aws.ended(), aws.calls()
    fired = airflow.fired(dag, runs, "job.wait")
    return Wait(
        until_waiting=until_waiting,
        to_event=[fired[task] - ended[name] for task, name in zip(tasks, names, strict=True)],
        to_next=[starts[task] - ended[name] for task, name in zip(tasks, names, strict=True)],
        calls=calls,
        calls_steady=so_far - starting,
        steady=plan.steady,
        life=statistics.mean(ended.values()) - began,
        cpu_percent=100 * (after.cpu_seconds - before.cpu_seconds) / plan.steady,
        memory_mib=after.memory_mib,
    )


def _wait_for_end(airflow: Airflow, dag: str, runs: list[str], plan: Plan) -> None:
    def over() -> bool:
        states = airflow.metadata.states(dag, runs, "job.after")
        if failed := sum(states.get(state, 0) for state in ("failed", "upstream_failed")):
            raise SystemExit(
                f"{failed} of {plan.jobs} tasks of {runs[0]} and its like failed: see Airflow's logs."
            )
        return states.get("success", 0) >= plan.jobs

    wait_until(over, f"all tasks of {runs[0]} and its like have run", max(plan.ends) + PATIENCE_SECONDS)


def percentile(values: list[float], percent: int) -> float:
    """With interpolation between the nearest values."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
