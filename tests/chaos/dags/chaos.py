"""
### Chaos

DAGs whose jobs wait for a gate that the test opens, and a last task that counts how often it ran.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pendulum
from airflow.sdk import DAG, get_current_context, task

from include.bundles import Bundle
from include.run import Run
from include.sagemaker import INPUT, Instances, ProcessingJob
from millrace.defaults import DEFAULT_ARGS
from millrace.operators.sagemaker import ProcessingJobOperator
from tests.chaos.gates import WAIT

GATE = "{{ dag_run.conf['gates'] }}"


def waiting_job(run: Run, gate: str) -> ProcessingJob:
    """A job that ends when its gate opens."""
    return ProcessingJob(
        image="tiny",
        command=["python3", f"{INPUT}/code/main.py"],
        arguments=[gate],
        instances=Instances("ml.m5.large"),
        files={"code": Bundle({"main.py": WAIT.encode()})},
    )


@task
def count() -> None:
    """Adds a line to the run's file."""
    run = get_current_context()["dag_run"]
    with Path(f"{run.conf['gates']}.count").open("a") as file:
        file.write("ran\n")


def chaos(dag_id: str, jobs: int, **arguments: Any) -> DAG:
    """A DAG of mapped tasks, each with a job of its own, and the task that counts."""
    defaults = {**DEFAULT_ARGS, "retry_delay": timedelta(seconds=1)}
    with DAG(
        dag_id,
        schedule=None,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        default_args=defaults,
        max_active_runs=100,
        max_active_tasks=1000,
        doc_md=__doc__,
    ) as dag:
        gates = [{"gate": f"{GATE}/{index}"} for index in range(jobs)]
        work = ProcessingJobOperator.partial(task_id="work", build=waiting_job, **arguments)
        work.expand(arguments=gates) >> count()
    return dag


chaos("one", jobs=1)
chaos("few", jobs=4)
chaos("many", jobs=200)
chaos("short", jobs=1, execution_timeout=timedelta(seconds=30), retries=1)
for number in range(2 * int(os.environ["CHAOS_ROUNDS"])):
    # Each can be deleted once; of the crowds only every other one is.
    chaos(f"doomed_{number}", jobs=1)
    chaos(f"crowd_{number}", jobs=8)
