"""Waiting for jobs: Millrace's trigger beside the Amazon provider's, on one triggerer.

For each number of jobs the contenders take turns: Millrace, the provider at its default interval, the
provider at 5 s. They do not share a triggerer, whose processor time and memory are among the figures, nor the
time, since a thousand polls each five seconds fill a core. Each gets a fresh triggerer. The jobs
are records of the local AWS (bench/waiting_rig/aws.py): they run while nothing happens, for --steady seconds,
and then end at random moments, the same for every contender.

p50_ms, p99_ms
    From the job's end to the trigger's event, by the triggerer's log.
next_p50_s, next_p99_s
    From the job's end to the start of the next task. Scheduler, API server and database are real; task
    processes are not started (bench/waiting_rig/executor.py), which would add the same to each.
describes_per_job, receives_per_job, lists_per_job, calls_per_job
    Requests at the server for a job that is waited for during one hour: those that were counted and, for the
    rest of the hour, the rate of the time in which nothing happened. The describe of the resumed
    task is among them. What Millrace does once in five minutes is seen if --steady is longer than that: 600
    for figures to be published.
calls_ratio
    calls_per_job by Millrace's; in Millrace's own column that of the provider at its default interval.
cpu_percent, memory_mib
    The triggerer and its children while nothing happens: of one core; PSS.
until_waiting_s
    From the run's start until every job has been described once by its trigger.

Goals: p50 to the event under 250 ms for every number; from 200 jobs on at most 2 describes per job and 20
times fewer calls.
"""

import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from socket import socket

from bench.reporting import Row, parser, report
from bench.waiting_rig.airflow import Airflow
from bench.waiting_rig.aws import AwsProcess
from bench.waiting_rig.contenders import CONTENDERS, JOBS_PER_RUN, MILLRACE, PROVIDER, jobs_per_run
from bench.waiting_rig.database import SERVER, database
from bench.waiting_rig.measure import Plan, Wait, percentile, wait
from local.stack import infrastructure
from local.stack.config import HOST, Ports, StackConfig

DAGS = Path(__file__).parent / "waiting_rig" / "dags"
SIZES = (20, 200, 1000)
STEADY_SECONDS = 45.0
SHORTEST_STEADY_SECONDS = 30.0
TITLE = "Waiting for jobs"
MACHINE = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"

Figures = dict[str, float]


@contextmanager
def rig(home: Path, server: str, sizes: Sequence[int]) -> Iterator[tuple[Airflow, AwsProcess]]:
    """AWS and Airflow of the benchmark, on free ports, gone afterwards."""
    with database(server) as url:
        ports = Ports(aws=free_port(), airflow=free_port())
        config = StackConfig(home=home, ports=ports, database_url=url, dags=DAGS)
        config.make_folders()
        with AwsProcess(config.aws_home, ports.aws) as aws:
            outputs = infrastructure.provision(config)
            with Airflow(config, outputs, sizes) as airflow:
                yield airflow, aws


def free_port() -> int:
    """A port of the loopback address on which nobody listens."""
    with socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def figures(found: Wait) -> dict[str, float]:
    """What is reported of one wait."""
    return {
        "p50_ms": 1000 * percentile(found.to_event, 50),
        "p99_ms": 1000 * percentile(found.to_event, 99),
        "next_p50_s": percentile(found.to_next, 50),
        "next_p99_s": percentile(found.to_next, 99),
        "describes_per_job": found.calls_per_job(operations="Describe"),
        "receives_per_job": found.calls_per_job(operations="Receive"),
        "lists_per_job": found.calls_per_job(operations="List"),
        "calls_per_job": found.calls_per_job(),
        "cpu_percent": found.cpu_percent,
        "memory_mib": found.memory_mib,
        "until_waiting_s": found.until_waiting,
    }


def measure(airflow: Airflow, aws: AwsProcess, jobs: int, rounds: int, steady: float) -> list[Figures]:
    """For so many jobs the medians of each contender, whose turns come in every round."""
    turns: dict[str, list[Figures]] = {contender.name: [] for contender in CONTENDERS}
    for turn in range(rounds):
        plan = Plan.make(jobs, turn, steady)
        for contender in CONTENDERS:
            print(f"{contender.name} waits for {jobs} jobs", file=sys.stderr, flush=True)
            turns[contender.name].append(figures(wait(airflow, aws, contender, plan)))
    medians = {
        name: {figure: statistics.median(one[figure] for one in found) for figure in found[0]}
        for name, found in turns.items()
    }
    ours = medians[MILLRACE.name]["calls_per_job"]
    for found in medians.values():
        found["calls_ratio"] = found["calls_per_job"] / ours
    medians[MILLRACE.name]["calls_ratio"] = medians[PROVIDER.name]["calls_ratio"]
    return list(medians.values())


def show(jobs: int, found: Sequence[Figures]) -> list[Row]:
    """Prints one table, a column for each contender; the rows of the JSON file."""
    names = [contender.name for contender in CONTENDERS]
    table: list[Row] = [
        {"": figure, **{name: one[figure] for name, one in zip(names, found, strict=True)}}
        for figure in found[0]
    ]
    report(f"{jobs} jobs", table, None)
    return [{"jobs": float(jobs), "contender": name, **one} for name, one in zip(names, found, strict=True)]


def main() -> None:
    """Measures every number of jobs."""
    made = parser(__doc__ or "", rounds=1)
    made.add_argument(
        "--n", default=",".join(map(str, SIZES)), help="numbers of jobs, with commas (%(default)s)"
    )
    made.add_argument(
        "--steady", type=float, default=STEADY_SECONDS, help="seconds in which nothing happens (%(default)s)"
    )
    made.add_argument("--database", default=SERVER, help="a PostgreSQL server (%(default)s)")
    arguments = made.parse_args()
    sizes = [int(size) for size in arguments.n.split(",")]
    if uneven := [size for size in sizes if size % jobs_per_run(size)]:
        made.error(f"--n {uneven[0]}: give numbers below {JOBS_PER_RUN}, or multiples of it")
    if arguments.steady < SHORTEST_STEADY_SECONDS:
        made.error(f"--steady {arguments.steady:g}: at least {SHORTEST_STEADY_SECONDS:g}, a poll's interval")
    rows: list[Row] = []
    home = Path(tempfile.mkdtemp(prefix="millrace-bench-"))
    print(f"Airflow's logs are in {home / 'log'}; they are kept if this fails.", file=sys.stderr)
    with rig(home, arguments.database, sizes) as (airflow, aws):
        for jobs in sizes:
            rows += show(jobs, measure(airflow, aws, jobs, arguments.rounds, arguments.steady))
            if arguments.json:
                # After each size: a long benchmark that is ended early leaves what it has.
                arguments.json.write_text(
                    json.dumps({"title": TITLE, "machine": MACHINE, "rows": rows}, indent=2)
                )
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
