"""Waits until a PyTorchJob is over, by watching it and its pods, whose logs it passes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent
from typing_extensions import override

from millrace.finished_jobs import stop
from millrace.hooks.kubernetes import EksHook
from millrace.hooks.pytorch_jobs import GROUP, PLURAL, VERSION, Place, PyTorchJobHook, described
from millrace.pods import JOB_NAME, cannot_start, refuses, without_node
from millrace.triggers.cluster_watch import Json, Watch
from millrace.triggers.pod_logs import PodLogs
from millrace.triggers.stopping import finish, is_wanted

LOOK_SECONDS = 10.0
"""How often it is looked at what nobody announces: that pods have waited too long."""
LAST_LINES_SECONDS = 15.0


class PyTorchJobTrigger(BaseTrigger):
    """Fires once, when nothing more is to be waited for.

    The job is over or gone; or it cannot begin, and ``stuck`` says why; or a program of it has ``refused`` to
    do its work, which it would do again.

    Args:
        reference: ``<cluster>/<namespace>/<name>``.
        needed: workers without which there is no training.
        start_seconds: how long they may wait for nodes.
    """

    supports_triggerer_queue = True

    def __init__(
        self,
        reference: str,
        needed: int,
        start_seconds: float,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in Airflow, as is TriggerEvent below
        self.reference, self.needed, self.start_seconds = reference, needed, start_seconds
        self.aws_conn_id, self.region_name = aws_conn_id, region_name

    @override
    def serialize(self) -> tuple[str, dict[str, Any]]:
        names = ("reference", "needed", "start_seconds", "aws_conn_id", "region_name")
        kwargs = {name: getattr(self, name) for name in names}
        return f"{type(self).__module__}.{type(self).__qualname__}", kwargs

    @override
    async def run(self) -> AsyncIterator[TriggerEvent]:
        payload = {"name": self.reference, **await self._wait()}
        yield TriggerEvent(payload)  # type: ignore[no-untyped-call]

    @override
    async def on_kill(self) -> None:
        """Deletes the job if the task that waited for it no longer wants it: see `JobEventTrigger`."""
        if self.task_instance:
            await finish(self._stop_unless_wanted(self.task_instance))

    async def _stop_unless_wanted(self, task: Any) -> None:
        if await is_wanted(task):
            return
        self.log.info("stopping %s", self.reference)
        hook = PyTorchJobHook(self.aws_conn_id, self.region_name)
        await asyncio.to_thread(stop, hook, self.reference, task)

    async def _wait(self) -> dict[str, Any]:
        """Empty when the job is over."""
        place, eks = Place.of(self.reference), EksHook(self.aws_conn_id, self.region_name)
        logs = PodLogs(eks, place.cluster, place.namespace, self._tell)
        news: asyncio.Queue[tuple[str, list[Json]]] = asyncio.Queue()
        what = _watches(eks, place)
        watches = [asyncio.ensure_future(_pass_on(name, watch, news)) for name, watch in what.items()]
        pods: list[Json] = []
        try:
            while True:
                name, objects = await _next(news, watches) or ("pods", pods)
                if name == "job" and _is_over(self.reference, objects):
                    # Those that ran may not have been heard of yet; the job has ended without them, too.
                    with suppress(TimeoutError):
                        logs.follow(await asyncio.wait_for(_now(what["pods"]), LAST_LINES_SECONDS))
                    await logs.end(LAST_LINES_SECONDS)
                    return {}
                if name == "pods":
                    pods = objects
                    logs.follow(pods)
                    if refuses(pods):
                        await logs.end(LAST_LINES_SECONDS)
                        return {"refused": True}
                    if stuck := self._stuck(pods):
                        return {"stuck": stuck}
        finally:
            for watch in watches:
                watch.cancel()
            await asyncio.gather(*watches, return_exceptions=True)
            await logs.end(0)

    def _stuck(self, pods: list[Json]) -> str | None:
        patience = timedelta(seconds=self.start_seconds)
        return cannot_start(pods) or without_node(pods, self.needed, datetime.now(UTC), patience)

    def _tell(self, pod: str, line: str) -> None:
        self.log.info("%s: %s", pod, line)


def _watches(eks: EksHook, place: Place) -> dict[str, Watch]:
    """Of the job, and of its pods."""
    from kubernetes_asyncio.client import CoreV1Api, CustomObjectsApi  # noqa: PLC0415  # few wait for a cluster

    job = {
        "group": GROUP,
        "version": VERSION,
        "namespace": place.namespace,
        "plural": PLURAL,
        "field_selector": f"metadata.name={place.name}",
    }
    pods = {"namespace": place.namespace, "label_selector": f"{JOB_NAME}={place.name}"}
    return {
        "job": Watch(
            eks, place.cluster, lambda api: CustomObjectsApi(api).list_namespaced_custom_object, job
        ),
        "pods": Watch(eks, place.cluster, lambda api: CoreV1Api(api).list_namespaced_pod, pods),
    }


async def _pass_on(name: str, watch: Watch, news: "asyncio.Queue[tuple[str, list[Json]]]") -> None:
    async with aclosing(watch.states()) as states:
        async for objects in states:
            await news.put((name, objects))


async def _now(watch: Watch) -> list[Json]:
    async with aclosing(watch.states()) as states:
        return await anext(states)


async def _next(
    news: "asyncio.Queue[tuple[str, list[Json]]]", watches: list["asyncio.Task[None]"]
) -> tuple[str, list[Json]] | None:
    """The next news; None if there are none for a while.

    Raises:
        Exception: whatever ended a watch.
    """
    coming = asyncio.ensure_future(news.get())
    try:
        await asyncio.wait([coming, *watches], timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for watch in watches:
            if watch.done():
                watch.result()
        return coming.result() if coming.done() else None
    finally:
        coming.cancel()
        with suppress(asyncio.CancelledError):
            await coming


def _is_over(reference: str, objects: list[Json]) -> bool:
    """Whether the job has ended, or is not there any more."""
    return not objects or described(reference, objects[0]).is_over
