"""Where the seconds of a warm abalone run go: for each task its start, its whole time, and its job's.

Uses the stack of `millrace up` (MILLRACE_HOME) and starts it if need be. The difference between a
task's time and its job's is Airflow, the events and the local AWS.
"""

import os
import statistics
import subprocess
import sys
from datetime import datetime

from bench.reporting import Row, parser, report
from local.stack import lifecycle
from local.stack.airflow_api import Json
from local.stack.config import StackConfig

DAG = "abalone"


def run_once() -> tuple[Json, list[Json], dict[str, Json]]:
    """Runs the pipeline; the run, its task instances and their results."""
    command = [sys.executable, "-m", "local.cli", "run", DAG]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with lifecycle.connect(StackConfig.from_environment(os.environ)).airflow() as api:
        run = api.latest_run(DAG)
        if run is None:
            raise SystemExit(f"{DAG} ran, but Airflow does not know of it.")
        tasks = api.task_instances(DAG, run["dag_run_id"])
        results = {
            task["task_id"]: api.xcom(DAG, run["dag_run_id"], task["task_id"], -1) or {}
            for task in tasks
            if task["state"] == "success"
        }
        return run, tasks, results


def seconds(start: str, end: str) -> float:
    """Between two times as Airflow writes them."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def measure(rounds: int) -> list[Row]:
    """One row for each task that ran in every round, and one for the run."""
    totals: list[float] = []
    starts: dict[str, list[float]] = {}
    times: dict[str, list[float]] = {}
    jobs: dict[str, list[float]] = {}
    run_once()  # Images and caches.
    for _ in range(rounds):
        run, tasks, results = run_once()
        totals.append(seconds(run["start_date"], run["end_date"]))
        for task in tasks:
            if task["state"] == "success":
                name = task["task_id"]
                starts.setdefault(name, []).append(seconds(run["start_date"], task["start_date"]))
                times.setdefault(name, []).append(task["duration"])
                jobs.setdefault(name, []).append(results[name].get("seconds") or 0.0)
    whole = statistics.median(totals)
    rows: list[Row] = [
        {
            "task": name,
            "start_s": statistics.median(starts[name]),
            "task_s": statistics.median(times[name]),
            "job_s": statistics.median(jobs[name]),
        }
        for name in sorted(times, key=lambda name: statistics.median(starts[name]))
        if len(times[name]) == rounds
    ]
    in_jobs = sum(float(row["job_s"]) for row in rows)
    return [*rows, {"task": "the run", "start_s": 0.0, "task_s": whole, "job_s": in_jobs}]


def main() -> None:
    """Runs the sample several times on a running stack."""
    arguments = parser(__doc__ or "", rounds=3).parse_args()
    report("A warm abalone run", measure(arguments.rounds), arguments.json)


if __name__ == "__main__":
    main()
