"""Objects of a Kubernetes cluster as they change, by its watches.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError

from millrace.delays import growing
from millrace.errors import passes
from millrace.hooks.kubernetes import AS_JSON, EksHook, asynchronous_api

log = logging.getLogger(__name__)

Json = dict[str, Any]

WATCH_SECONDS = 600
"""After which a watch is opened anew, with a new token: one lasts fourteen minutes."""
LIST_SECONDS = 60
"""What an answer may take; a watch that is silent for longer than it lasts is broken."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)
DENIED = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


class Watch:
    """The objects of one list, such as the pods of a job.

    Args:
        eks: by which the cluster is reached.
        cluster: its name.
        listing: the client's operation that lists them, of an `ApiClient`.
        scope: what the operation takes, e.g. a namespace and a selector.
    """

    def __init__(
        self, eks: EksHook, cluster: str, listing: Callable[[Any], Any], scope: Mapping[str, Any]
    ) -> None:
        self._eks, self._cluster, self._listing, self._scope = eks, cluster, listing, dict(scope)

    async def states(self) -> AsyncGenerator[list[Json]]:
        """All objects now, and after each change, for ever; a cluster that cannot be asked is waited for.

        Raises:
            kubernetes_asyncio.client.ApiException: nobody may ask, or there is no such list.
        """
        failures = 0
        while True:
            try:
                async with aclosing(self._while_connected()) as states:
                    async for objects in states:
                        failures = 0
                        yield objects
            except OSError as error:  # of aiohttp, too
                failures += 1
                pause = growing(FIRST_PAUSE, failures, LONGEST_PAUSE).total_seconds()
                log.warning("cluster %s cannot be asked for %.0f s: %s", self._cluster, pause, error)
                await asyncio.sleep(pause)

    async def _while_connected(self) -> AsyncGenerator[list[Json]]:
        from kubernetes_asyncio.watch import Watch as Changes  # noqa: PLC0415  # as in `asynchronous_api`

        async with connected(self._eks, self._cluster) as api:
            listing = self._listing(api)
            listed = await answered(listing(**self._scope, **AS_JSON, _request_timeout=LIST_SECONDS))
            answer = await listed.json()
            objects = {each["metadata"]["uid"]: each for each in answer["items"]}
            yield list(objects.values())
            changes = Changes("object").stream(
                listing,
                **self._scope,
                resource_version=answer["metadata"]["resourceVersion"],
                timeout_seconds=WATCH_SECONDS,
                _request_timeout=WATCH_SECONDS + LIST_SECONDS,
            )
            async with changes:
                async for change in changes:
                    found = change["raw_object"]
                    if change["type"] == "DELETED":
                        objects.pop(found["metadata"]["uid"], None)
                    elif change["type"] in ("ADDED", "MODIFIED"):
                        objects[found["metadata"]["uid"]] = found
                    yield list(objects.values())


async def answered(call: Awaitable[Any]) -> Any:
    """The answer to a call that was told to leave it ``AS_JSON``.

    Raises:
        kubernetes_asyncio.client.ApiException: it says that something is wrong.
    """
    from kubernetes_asyncio.client import ApiException  # noqa: PLC0415  # as in `asynchronous_api`

    answer = await call
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise ApiException(status=answer.status, reason=await answer.text())
    return answer


@asynccontextmanager
async def connected(eks: EksHook, cluster: str) -> AsyncIterator[Any]:
    """A client of a cluster, with a new token.

    Raises:
        ConnectionError: the cluster does not answer, does not know a version any more, or has a new
            token to be fetched for it.
        kubernetes_asyncio.client.ApiException: it refuses what is asked.
        botocore.exceptions.ClientError: AWS does.
    """
    from kubernetes_asyncio.client import ApiException  # noqa: PLC0415  # as in `asynchronous_api`

    try:
        access = await asyncio.to_thread(eks.access, cluster)
        async with asynchronous_api(access) as api:
            yield api
    except ApiException as error:
        if error.status in DENIED:
            raise
        raise ConnectionError(f"{error.status} {error.reason}") from error
    except ClientError as error:
        if not passes(error):
            raise
        raise ConnectionError(str(error)) from error
    except (aiohttp.ClientError, BotoCoreError) as error:
        raise ConnectionError(str(error)) from error
