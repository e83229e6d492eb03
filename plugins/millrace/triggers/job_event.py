"""Waits until an AWS job is over, by its event."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Hashable
from contextlib import aclosing
from typing import Any

import jmespath
from airflow.sdk.execution_time.comms import GetTaskStates
from airflow.triggers.base import BaseEventTrigger, TriggerEvent
from botocore import xform_name
from botocore.exceptions import ClientError
from typing_extensions import override

from include.settings import settings
from millrace.hooks.jobs import is_one_of
from millrace.jobs import KINDS
from millrace.triggers.event_stream import EventStream, StreamKey

RECONCILE_SECONDS = 300.0
SUBSCRIBE_TIMEOUT = 30.0
KEEPS_RUNNING = frozenset({"deferred", "queued", "running", "scheduled", "up_for_retry", "up_for_reschedule"})
"""Task states in which the job is still wanted when ``on_kill`` is called."""


class JobEventTrigger(BaseEventTrigger):
    """Fires once, with the job's name and status, when the job is over.

    Joins the shared stream first, then describes the job once, then waits: an event that
    came before the stream was joined is seen by the describe, a later one by the stream.
    A slow, jittered describe covers an event that AWS never delivered.
    """

    # Task triggers may be pinned to a triggerer queue, unlike the asset triggers of the base class.
    supports_triggerer_queue = True

    def __init__(
        self, kind: str, name: str, aws_conn_id: str | None = "aws_default", region_name: str | None = None
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in Airflow, as is TriggerEvent below
        self.kind = KINDS[kind]
        self.name = name
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name

    @override
    def serialize(self) -> tuple[str, dict[str, Any]]:
        kwargs = {
            "kind": self.kind.name,
            "name": self.name,
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
        }
        return f"{type(self).__module__}.{type(self).__qualname__}", kwargs

    @override
    def shared_stream_key(self) -> Hashable:
        return _stream_key(self.aws_conn_id, self.region_name)

    @classmethod
    @override
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncGenerator[dict[str, Any]]:
        key = _stream_key(kwargs["aws_conn_id"], kwargs["region_name"])
        async with aclosing(EventStream.of(key).events()) as events:
            async for event in events:
                yield event

    @override
    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncGenerator[TriggerEvent]:
        stream = EventStream.of(_stream_key(self.aws_conn_id, self.region_name))
        # One pending read at a time, never cancelled while it may hold an event: wait_for(anext())
        # would close the stream at its first timeout.
        pending = asyncio.ensure_future(anext(shared_stream))
        try:
            await _wait_until_set(stream.subscribed, pending)
            over = await self._is_over(stream)
            while not over:
                seconds = RECONCILE_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311  # jitter is no secret
                done, _ = await asyncio.wait({pending}, timeout=seconds)
                if not done:
                    over = await self._is_over(stream)
                    continue
                over = self._announces_end(pending.result())
                pending = asyncio.ensure_future(anext(shared_stream))
            yield TriggerEvent({"name": self.name})  # type: ignore[no-untyped-call]
        finally:
            pending.cancel()
            await asyncio.wait({pending})

    @override
    async def run(self) -> AsyncIterator[TriggerEvent]:
        """The same wait over a stream of its own, for ``dag.test()``."""
        kwargs = {"aws_conn_id": self.aws_conn_id, "region_name": self.region_name}
        async with (
            aclosing(self.open_shared_stream(kwargs)) as stream,
            aclosing(self.filter_shared_stream(stream)) as events,
        ):
            event = await anext(events)
        # Whoever takes one event and goes leaves nothing open.
        yield event

    @override
    async def on_kill(self) -> None:
        """Stops the job if the task that waited for it no longer wants it.

        Airflow also calls this when a triggerer was suspended or lost its claim; the task's own
        state tells the difference.
        """
        state = await self._task_state()
        if state in KEEPS_RUNNING or self.kind.stop is None:
            return
        self.log.info("task is %s: stopping %s %s", state or "gone", self.kind.name, self.name)
        stream = EventStream(_stream_key(self.aws_conn_id, self.region_name))
        client = await stream.client(self.kind.service)
        try:
            await getattr(client, xform_name(self.kind.stop))(**{self.kind.name_field: self.name})
        except ClientError as error:
            # SageMaker refuses to stop a job that is over, or that was never started.
            if error.response["Error"]["Code"] not in ("ValidationException", "ResourceNotFound"):
                raise
        finally:
            await stream.close()

    async def _task_state(self) -> str | None:
        # Set by the triggerer after it has imported this module.
        from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS  # noqa: PLC0415

        ti = self.task_instance
        if ti is None:
            return None
        answer = await SUPERVISOR_COMMS.asend(
            GetTaskStates(
                dag_id=ti.dag_id, task_ids=[ti.task_id], run_ids=[ti.run_id], map_index=ti.map_index
            )
        )
        states = getattr(answer, "task_states", {}).get(ti.run_id, {})
        return next(iter(states.values()), None)

    def _announces_end(self, event: dict[str, Any]) -> bool:
        read = self.kind.event.read(event)
        if read is None or read[0] != self.name:
            return False
        return _spelling(read[1]) in {_spelling(status) for status in self.kind.terminal}

    async def _is_over(self, stream: EventStream) -> bool:
        """Whether there is nothing to wait for; not so while AWS cannot be asked."""
        client = await stream.client(self.kind.service)
        try:
            answer = await getattr(client, xform_name(self.kind.describe))(
                **{self.kind.name_field: self.name}
            )
        except ClientError as error:
            if is_one_of(error, self.kind.not_found):
                return True
            self.log.warning("cannot describe %s %s yet: %s", self.kind.name, self.name, error)
            return False
        return jmespath.search(self.kind.status, answer) in self.kind.terminal


def _stream_key(aws_conn_id: str | None, region_name: str | None) -> StreamKey:
    return StreamKey(
        topic_arn=settings().events_topic_arn,
        queue_prefix=f"millrace-{settings().environment}-triggerer",
        aws_conn_id=aws_conn_id,
        region_name=region_name,
    )


def _spelling(status: str) -> str:
    """``IN_SERVICE`` of an event and ``InService`` of a description are the same status."""
    return status.replace("_", "").lower()


async def _wait_until_set(event: asyncio.Event, pending: "asyncio.Future[Any]") -> None:
    """Waits until the stream is subscribed, for a while: without events the describes still work."""
    subscribed = asyncio.ensure_future(event.wait())
    await asyncio.wait({subscribed, pending}, timeout=SUBSCRIBE_TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
    subscribed.cancel()
