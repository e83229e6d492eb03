"""`millrace run` and `millrace trigger`: start a run over Airflow's REST API."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from local.cli import catalog, inputs, params, progress, summary, task_logs
from local.cli.console import errors, output
from local.cli.stack import show_addresses, start
from local.stack import lifecycle
from local.stack.airflow_api import AirflowApi, AirflowRefusedError, Json
from local.stack.config import StackConfig
from local.stack.errors import MillraceError, RunFailedError
from local.stack.lifecycle import Stack

CONFLICT = 409
LAST_LINES = 15

Dag = Annotated[str, typer.Argument(metavar="DAG", help="Name of the pipeline.", show_default=False)]
Input = Annotated[
    Path | None,
    typer.Option("--input", metavar="FILE", help="Upload this file and run on it (Param input_uri)."),
]
Param = Annotated[
    list[str] | None,
    typer.Option(
        "--param",
        metavar="NAME=VALUE",
        help="Value of a Param, JSON or text; where it takes an S3 URI, also a FILE, which is uploaded. "
        "May be repeated.",
    ),
]
Timeout = Annotated[
    float | None, typer.Option("--timeout", metavar="SECONDS", min=1, help="Stop waiting after so long.")
]


def run(dag: Dag, input_file: Input = None, param: Param = None, timeout: Timeout = None) -> None:
    """Run a pipeline, starting the stack if need be, and wait for its end.

    Leaves a summary in last-run.json of MILLRACE_HOME, with the seconds of each step. Exit code 0 only if the
    run succeeded.
    """
    values = _values(param, input_file)
    stack = start(StackConfig.from_environment(os.environ))
    with stack.airflow() as api:
        dag_run = _trigger(stack, api, dag, values, input_file)
        output.print(f"Run {dag_run['dag_run_id']}", soft_wrap=True)
        output.print(_page(stack, dag_run), soft_wrap=True)
        order = catalog.task_order(api.tasks(dag))
        try:
            news = progress.News(stack.config.log / f"{lifecycle.AWS}.log")
            dag_run = progress.watch(api, dag_run, order, news=news, console=output, timeout=timeout)
        except progress.Timeout:
            raise RunFailedError(
                f"{dag} did not end within {timeout:g} seconds and goes on: see {_page(stack, dag_run)}."
            ) from None
        _report(stack, api, dag_run, order)


def trigger(dag: Dag, input_file: Input = None, param: Param = None) -> None:
    """Start a run of a pipeline, print its id and return at once. The stack must be running."""
    values = _values(param, input_file)
    stack = lifecycle.connect(StackConfig.from_environment(os.environ))
    with stack.airflow() as api:
        output.print(_trigger(stack, api, dag, values, input_file)["dag_run_id"], soft_wrap=True)


def _values(param: list[str] | None, input_file: Path | None) -> dict[str, str]:
    """What can be refused before anything is started."""
    values = params.split(param or [])
    if input_file is not None:
        inputs.check(input_file)
        if params.INPUT in values:
            raise MillraceError(f"--input and --param {params.INPUT} name two inputs: give one.")
    return values


def _trigger(
    stack: Stack, api: AirflowApi, dag_id: str, values: dict[str, str], input_file: Path | None
) -> Json:
    dag = catalog.find(api, dag_id)
    conf = params.conf(values, dag)
    files = params.files(conf, dag)
    for name, file in files.items():
        inputs.check(file, f"--param {name}=FILE")
    conf |= {name: inputs.upload(stack, dag_id, file, name) for name, file in files.items()}
    if input_file is not None:
        params.require_input(dag)
        conf[params.INPUT] = inputs.upload(stack, dag_id, input_file)
    try:
        dag_run = _create(api, dag, conf)
    except AirflowRefusedError as error:
        raise params.refusal(error) from error
    # After the run exists, so that the scheduler finds today's run made and makes no second one.
    if dag["is_paused"]:
        api.unpause(dag_id)
    return dag_run


def _create(api: AirflowApi, dag: Json, conf: dict[str, Any]) -> Json:
    """The run; for a DAG whose schedule is due it is that date's run, which the scheduler then skips."""
    due = dag.get("next_dagrun_run_after")
    if due and datetime.fromisoformat(due) <= datetime.now(UTC):
        try:
            return api.trigger(dag["dag_id"], conf, dag["next_dagrun_logical_date"])
        except AirflowRefusedError as error:
            if error.status != CONFLICT:
                raise
    return api.trigger(dag["dag_id"], conf, None)


def _report(stack: Stack, api: AirflowApi, dag_run: Json, order: list[str]) -> None:
    dag_id, run_id = dag_run["dag_id"], dag_run["dag_run_id"]
    tasks = progress.in_order(api.task_instances(dag_id, run_id), order)
    results = (
        api.xcom(dag_id, run_id, task["task_id"], task["map_index"])
        for task in tasks
        if task["state"] == "success"
    )
    result = summary.of_run(dag_run, tasks, results)
    result.write(stack.config)
    output.print()
    output.print(result.text(stack.config.aws_url), soft_wrap=True)
    show_addresses(stack)
    if result.state != "success":
        raise RunFailedError(_failures(api, tasks, dag_id))


def _failures(api: AirflowApi, tasks: list[Json], dag_id: str) -> str:
    failed = [task for task in tasks if task["state"] == "failed"]
    for task in failed:
        lines = list(task_logs.lines(task_logs.of_task(api, task)))
        errors.rule(f"end of the log of {progress.name(task)}")
        errors.print("\n".join(lines[-LAST_LINES:]), markup=False, soft_wrap=True)
        errors.rule()
    reasons = [
        f"{progress.name(task)}: {task_logs.reason(task_logs.of_task(api, task)) or 'its log has no error'}"
        for task in failed
    ]
    return f"{dag_id} failed. {' '.join(reasons)}".strip()


def _page(stack: Stack, dag_run: Json) -> str:
    run_id = quote(dag_run["dag_run_id"], safe="")
    return f"{stack.config.airflow_url}/dags/{dag_run['dag_id']}/runs/{run_id}"
