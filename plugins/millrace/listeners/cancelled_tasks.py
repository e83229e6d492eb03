"""Stops the job of a task that a person marked failed, successful or skipped, wherever the task is.

A running task's own process stops its job, and so does the trigger of a waiting one. Between the two,
for the second or two until a triggerer takes up a task that has just deferred, nobody hears of it but
the API server, which calls these listeners.
"""

import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache, partial
from typing import Any

from airflow.listeners import hookimpl

from millrace.launching import STATE_KEY, RemoteJob

log = logging.getLogger(__name__)

HOOK_SECONDS = 60


@hookimpl
def on_task_instance_success(previous_state: Any, task_instance: Any) -> None:
    """Somebody marked a task successful, or its run."""
    _stop_job_of(previous_state, task_instance)


@hookimpl
def on_task_instance_failed(previous_state: Any, task_instance: Any) -> None:
    """Somebody marked a task failed, or its run."""
    _stop_job_of(previous_state, task_instance)


@hookimpl
def on_task_instance_skipped(previous_state: Any, task_instance: Any) -> None:
    """Somebody marked a task skipped."""
    _stop_job_of(previous_state, task_instance)


def _stop_job_of(previous_state: Any, task_instance: Any) -> None:
    if previous_state is not None:
        return  # The task ended by itself, in a worker.
    # Only the API server has a database; a worker imports this module too.
    from sqlalchemy import event  # noqa: PLC0415
    from sqlalchemy.orm import object_session  # noqa: PLC0415

    session = object_session(task_instance)
    if job := _remote_job(task_instance, session):
        stopping = partial(_stop_in_a_thread, job, task_instance.key)
        # Not before: news of the job's end could find the task still waiting, which would then be resumed,
        # and that would take the place of the mark.
        event.listen(session, "after_commit", stopping, once=True)


def _stop_in_a_thread(job: RemoteJob, task: Any, _session: Any) -> None:
    # The person who clicked does not wait for AWS.
    _pool().submit(_stop, job, task)


def _remote_job(task_instance: Any, session: Any) -> RemoteJob | None:
    """The last launch of a task, from the state that it keeps in Airflow."""
    from airflow.state import TaskScope, get_state_backend  # noqa: PLC0415

    scope = TaskScope(
        dag_id=task_instance.dag_id,
        run_id=task_instance.run_id,
        task_id=task_instance.task_id,
        map_index=task_instance.map_index,
    )
    # The request's own session: a second one could wait for its lock for ever.
    stored = get_state_backend().get(scope, STATE_KEY, session=session)
    return RemoteJob.parse(json.loads(stored)) if stored else None


def _stop(job: RemoteJob, task: Any) -> None:
    # Every process of Airflow loads its plugins; the few that call AWS pay for importing what it takes.
    from millrace.finished_jobs import stop  # noqa: PLC0415

    try:
        if job.group:
            _stop_batch(job)
        else:
            hook = _hook(job.kind, job.aws_conn_id, job.region_name, int(time.time() // HOOK_SECONDS))
            stop(hook, job.name, task)
    except Exception:
        # Nobody waits for this thread: the log is where it can be told.
        log.exception("cannot stop %s %s, whose task was marked; stop it by hand", job.kind, job.name)


def _stop_batch(job: RemoteJob) -> None:
    from millrace.hooks.human_loops import HumanLoops  # noqa: PLC0415
    from millrace.human_loops import Batch  # noqa: PLC0415

    HumanLoops(job.aws_conn_id, job.region_name).stop_open(Batch.of(job))


@lru_cache(maxsize=16)
def _hook(kind: str, aws_conn_id: str | None, region_name: str | None, _period: int) -> Any:
    """Shared by those who are stopped together, for a while: credentials may change."""
    from millrace.hooks.remote import hook_of  # noqa: PLC0415

    return hook_of(kind, aws_conn_id, region_name)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="millrace-stop")
