"""The AWS clients that the triggers of a process share."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook


class Clients:
    """aiobotocore clients of a connection and region.

    Each is made once: loading the model of a service takes a tenth of a second.
    """

    def __init__(self, aws_conn_id: str | None, region_name: str | None) -> None:
        self._aws_conn_id = aws_conn_id
        self._region_name = region_name
        self._clients: dict[str, Any] = {}
        self._opened = AsyncExitStack()
        self._lock = asyncio.Lock()

    async def get(self, service: str) -> Any:
        """The client of a service."""
        async with self._lock:
            if service not in self._clients:
                hook = AwsGenericHook[Any](
                    aws_conn_id=self._aws_conn_id, region_name=self._region_name, client_type=service
                )
                self._clients[service] = await self._opened.enter_async_context(
                    await hook.get_async_conn()  # type: ignore[no-untyped-call]  # Airflow leaves it untyped
                )
            return self._clients[service]

    async def renew(self) -> None:
        """Closes all, so that the next ones read the credentials anew; a call that is on its way fails."""
        async with self._lock:
            old, self._opened = self._opened, AsyncExitStack()
            self._clients.clear()
        await old.aclose()
