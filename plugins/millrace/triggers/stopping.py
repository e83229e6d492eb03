"""Stops jobs from the triggerer. What has begun is finished, even when Airflow does not wait for it.

Airflow cancels the trigger of a task that was ended again at every look, about once a second, and so
also in the middle of its ``on_kill``.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from airflow.sdk.execution_time.comms import GetTaskStates
from botocore import xform_name
from botocore.exceptions import ClientError

from millrace import cancelling
from millrace.descriptions import JobDescription
from millrace.finished_jobs import FinishedJob, TaskKey
from millrace.hooks.jobs import is_one_of
from millrace.hooks.s3 import split
from millrace.human_loops import AT_A_TIME, Batch, open_loops
from millrace.jobs import HUMAN_LOOP, JobKind
from millrace.triggers.clients import Clients

log = logging.getLogger(__name__)

_under_way: set["asyncio.Task[None]"] = set()
_shared: dict[tuple[str | None, str | None], tuple[Clients, list[None]]] = {}


async def finish(work: Coroutine[Any, Any, None]) -> None:
    """Awaits work that goes on when the one who awaits it is cancelled."""
    task = asyncio.ensure_future(work)
    _under_way.add(task)
    task.add_done_callback(_done)
    await asyncio.shield(task)


async def is_wanted(task: Any) -> bool:
    """Whether somebody goes on waiting for what a task has launched.

    If a person has ended the task, this first lets the API server stop it.
    """
    state = await _state_of(task)
    if state in cancelling.GOES_ON:
        return True
    if state in cancelling.MARKED:
        await asyncio.sleep(cancelling.HEAD_START_SECONDS)
    log.info("task %s is %s", task.task_id, state or "gone")
    return False


async def _state_of(task: Any) -> str | None:
    """The state of a task instance, or None if it was deleted."""
    # Set by the triggerer after it has imported this module.
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS  # noqa: PLC0415

    answer = await SUPERVISOR_COMMS.asend(
        GetTaskStates(
            dag_id=task.dag_id, task_ids=[task.task_id], run_ids=[task.run_id], map_index=task.map_index
        )
    )
    states = getattr(answer, "task_states", {}).get(task.run_id, {})
    return next(iter(states.values()), None)


async def stop(
    kind: JobKind, name: str, task: TaskKey, aws_conn_id: str | None, region_name: str | None
) -> None:
    """Stops a job that its task no longer wants, once, and records it."""
    async with _clients(aws_conn_id, region_name) as clients:
        client = await clients.get(kind.service)
        description = await _describe(client, kind, name)
        if description is None:
            return
        if description.can_be_stopped:
            await _ask(client, kind, name)
        if kind.usage:
            record = FinishedJob.of(description, task)
            bucket, key = split(record.uri)
            s3 = await clients.get("s3")
            await s3.put_object(Bucket=bucket, Key=key, Body=record.to_json())


async def stop_batch(batch: Batch, aws_conn_id: str | None, region_name: str | None) -> None:
    """Stops the open loops of a batch that its task no longer wants, each once."""
    async with _clients(aws_conn_id, region_name) as clients:
        client = await clients.get(HUMAN_LOOP.service)
        few = asyncio.Semaphore(AT_A_TIME)

        async def ask(name: str) -> None:
            async with few:
                await _ask(client, HUMAN_LOOP, name)

        await asyncio.gather(*[ask(name) for name in open_loops(await listed(client, batch))])


async def listed(client: Any, batch: Batch) -> dict[str, str]:
    """Statuses of a batch's loops by name, through an aiobotocore client."""
    pages = client.get_paginator("list_human_loops").paginate(**batch.listing())
    return {name: status async for page in pages for name, status in batch.statuses(page)}


async def _describe(client: Any, kind: JobKind, name: str) -> JobDescription | None:
    try:
        return JobDescription(kind, await _call(client, kind.describe, kind, name))
    except ClientError as error:
        if is_one_of(error, kind.not_found):
            return None
        raise


async def _ask(client: Any, kind: JobKind, name: str) -> None:
    try:
        await _call(client, str(kind.stop), kind, name)
        log.info("%s %s: asked AWS to stop it", kind.name, name)
    except ClientError as error:
        if not is_one_of(error, kind.cannot_stop):
            raise
        log.warning("%s %s is not stopped: %s", kind.name, name, error)


async def _call(client: Any, operation: str, kind: JobKind, name: str) -> Any:
    return await getattr(client, xform_name(operation))(**kind.identity(name))


@asynccontextmanager
async def _clients(aws_conn_id: str | None, region_name: str | None) -> AsyncIterator[Clients]:
    """Clients that all who stop something at the same time share; the last one closes them."""
    key = aws_conn_id, region_name
    clients, users = _shared.setdefault(key, (Clients(*key), []))
    users.append(None)
    try:
        yield clients
    finally:
        users.pop()
        if not users:
            del _shared[key]
            await clients.renew()


def _done(task: "asyncio.Task[None]") -> None:
    _under_way.discard(task)
    if not task.cancelled() and (error := task.exception()):
        # Whoever waited may be gone: the log is where it can be told.
        log.error("a job whose task was ended could not be stopped; stop it by hand", exc_info=error)
