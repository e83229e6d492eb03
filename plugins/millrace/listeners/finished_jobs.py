"""Records the jobs of a task that has ended on a worker. Airflow logs an error here and goes on."""

from typing import Any

from airflow.listeners import hookimpl


@hookimpl
def on_task_instance_success(task_instance: Any) -> None:
    """A task succeeded."""
    _record(task_instance)


@hookimpl
def on_task_instance_failed(task_instance: Any) -> None:
    """A task failed or will be retried."""
    _record(task_instance)


@hookimpl
def on_task_instance_skipped(task_instance: Any) -> None:
    """A task skipped itself."""
    _record(task_instance)


def _record(task_instance: Any) -> None:
    # In the API server, where people mark tasks, a task instance has no operator.
    task: Any = getattr(task_instance, "task", None)
    for job in getattr(task, "finished_jobs", ()):
        # Every process of Airflow loads its plugins; only a task that had a job has imported this already.
        from millrace.finished_jobs import keep  # noqa: PLC0415

        keep(job, task.aws_conn_id, task.region_name)
