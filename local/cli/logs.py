"""`millrace logs`: what the tasks of a run wrote."""

import os
from typing import Annotated

import typer

from local.cli import catalog, progress, task_logs
from local.cli.console import output
from local.cli.run import Dag
from local.stack import lifecycle
from local.stack.airflow_api import AirflowApi, Json
from local.stack.config import StackConfig
from local.stack.errors import MillraceError

Task = Annotated[str | None, typer.Argument(metavar="[TASK]", help="Only this task; all of them by default.")]
RunId = Annotated[str | None, typer.Option("--run-id", metavar="ID", help="Another run than the latest.")]
Attempt = Annotated[
    int | None, typer.Option("--attempt", metavar="N", min=1, help="Another attempt than the last.")
]


def logs(dag: Dag, task: Task = None, run_id: RunId = None, attempt: Attempt = None) -> None:
    """Print the logs of a pipeline's latest run."""
    stack = lifecycle.connect(StackConfig.from_environment(os.environ))
    with stack.airflow() as api:
        dag_run = find_run(api, dag, run_id)
        order = catalog.task_order(api.tasks(dag))
        instances = progress.in_order(api.task_instances(dag, dag_run["dag_run_id"]), order)
        if task is not None and task not in {instance["task_id"] for instance in instances}:
            raise MillraceError(f"{dag} has no task {task!r}. Its tasks: {', '.join(order)}.")
        for instance in instances:
            if task in {None, instance["task_id"]}:
                _show(api, instance, attempt)


def find_run(api: AirflowApi, dag_id: str, run_id: str | None) -> Json:
    """The latest run of a DAG, or the one named.

    Raises:
        MillraceError: there is no such DAG or run.
    """
    catalog.find(api, dag_id)
    dag_run = api.run_or_none(dag_id, run_id) if run_id else api.latest_run(dag_id)
    if dag_run is None:
        which = f"no run {run_id!r}" if run_id else "never run"
        raise MillraceError(f"{dag_id} has {which}: start one with `millrace run {dag_id}`.")
    return dag_run


def _show(api: AirflowApi, instance: Json, attempt: int | None) -> None:
    output.rule(f"{progress.name(instance)}: {progress.state(instance)}", align="left")
    if instance["try_number"] > 0:
        for line in task_logs.lines(task_logs.of_task(api, instance, attempt)):
            output.print(line, markup=False, soft_wrap=True)
