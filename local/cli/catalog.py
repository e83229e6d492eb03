"""The DAGs that Airflow knows."""

from pathlib import Path

from local.stack.airflow_api import AirflowApi, Json
from local.stack.errors import MillraceError


def find(api: AirflowApi, dag_id: str) -> Json:
    """A DAG that can run.

    Raises:
        MillraceError: there is none of that name, or its file does not import.
    """
    dag = api.dag(dag_id)
    errors = {Path(error["filename"]).name: error["stack_trace"] for error in api.import_errors()}
    file = Path(dag["fileloc"]).name if dag else f"{dag_id}.py"
    if file in errors:
        reason = (errors[file].strip().splitlines() or ["no reason given"])[-1]
        raise MillraceError(f"{file} does not import, so {dag_id} cannot run: {reason}")
    if dag is None or dag.get("is_stale"):
        known = ", ".join(sorted(dag["dag_id"] for dag in api.dags())) or "none"
        raise MillraceError(f"There is no DAG {dag_id!r}. Known DAGs: {known}.")
    return dag


def task_order(tasks: list[Json]) -> list[str]:
    """Task ids, each after those that it depends on."""
    waiting = {task["task_id"]: 0 for task in tasks}
    for task in tasks:
        for downstream in task["downstream_task_ids"] or []:
            waiting[downstream] += 1
    following = {task["task_id"]: sorted(task["downstream_task_ids"] or []) for task in tasks}
    ready = sorted(task_id for task_id, count in waiting.items() if count == 0)
    order: list[str] = []
    while ready:
        order.append(ready.pop(0))
        for downstream in following[order[-1]]:
            waiting[downstream] -= 1
            if waiting[downstream] == 0:
                ready.append(downstream)
    return order
