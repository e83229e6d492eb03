"""What pods print, line by line, while they print it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable

from botocore.exceptions import ClientError

from millrace.hooks.kubernetes import AS_JSON, EksHook
from millrace.pods import Json, Start, starts
from millrace.triggers.cluster_watch import answered, connected

log = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 16
MAX_LINE_BYTES = 1 << 14
"""Of which a log shows the beginning."""


class PodLogs:
    """Follows the containers of pods, each start of them once.

    Args:
        eks: by which the cluster is reached.
        cluster: its name.
        namespace: of the pods.
        tell: takes the name of a pod, and a line.
    """

    def __init__(self, eks: EksHook, cluster: str, namespace: str, tell: Callable[[str, str], None]) -> None:
        self._eks, self._cluster, self._namespace, self._tell = eks, cluster, namespace, tell
        self._followed: dict[Start, asyncio.Task[None]] = {}

    def follow(self, pods: Iterable[Json]) -> None:
        """Goes on with those that run, beside what runs already. Returns at once."""
        for start in starts(pods):
            if start not in self._followed:
                self._followed[start] = asyncio.ensure_future(self._read(start))

    async def end(self, seconds: float) -> None:
        """Waits for what has been printed, for so long at most, and reads no more."""
        if reading := {task for task in self._followed.values() if not task.done()}:
            _, late = await asyncio.wait(reading, timeout=seconds)
            for start in (start for start, task in self._followed.items() if task in late):
                if seconds:
                    log.warning("the log of %s was not read to its end within %g s", start.pod, seconds)
                self._followed[start].cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _read(self, start: Start) -> None:
        from kubernetes_asyncio.client import ApiException  # noqa: PLC0415  # as in `asynchronous_api`

        try:
            async for line in self._lines(start):
                self._tell(start.pod, line)
        except (ApiException, ClientError, OSError) as error:
            # The job goes on without: what was printed is still in the pod's log.
            log.warning("the log of %s is not read any more: %s", start.pod, error)

    async def _lines(self, start: Start) -> AsyncIterator[str]:
        from kubernetes_asyncio.client import CoreV1Api  # noqa: PLC0415  # as in `asynchronous_api`

        async with connected(self._eks, self._cluster) as api:
            log_of = CoreV1Api(api).read_namespaced_pod_log
            answer = await answered(log_of(start.pod, self._namespace, follow=True, **AS_JSON))
            rest = b""
            async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield line[:MAX_LINE_BYTES].decode(errors="replace")
                rest = rest[:MAX_LINE_BYTES]
            if rest:
                yield rest.decode(errors="replace")
