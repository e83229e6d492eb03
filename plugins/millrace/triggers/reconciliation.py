"""What events never said: one list call per kind of job now and then, however many jobs wait.

A list operation tells what changed since the last look, so its cost grows with what
changed in the account and not with the number of tasks that wait.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, Protocol

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from include.settings import settings
from millrace.delays import jittered
from millrace.jobs import KINDS, JobKind
from millrace.triggers.routing import Address

log = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=2)
"""By how much looks overlap: clocks differ, and lists lag behind."""
PAGE_SIZE = 100


class Stream(Protocol):
    """What is needed of the event stream."""

    async def client(self, service: str) -> Any:
        """An AWS client that knows the services' list operations."""

    def addresses(self) -> Iterable[Address]:
        """What is waited for."""

    def deliver(self, address: Address, news: Any) -> bool:
        """Hands news to those who wait for them."""

    async def take_note(self, error: Exception) -> None:
        """Takes note of expired credentials."""


class Reconciliation:
    """Looks for jobs that are over though no event said so."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._now = asyncio.Event()
        self._opened = datetime.now(UTC)
        self._looked: dict[str, datetime] = {}

    def soon(self) -> None:
        """Events may have been lost: the next look is due."""
        self._now.set()

    async def run(self) -> NoReturn:
        """Looks about every five minutes, jittered, and when asked to."""
        while True:
            pause = jittered(timedelta(seconds=settings().reconcile_seconds))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._now.wait(), pause.total_seconds())
            self._now.clear()
            for name in sorted({kind for kind, _ in self._stream.addresses()} & KINDS.keys()):
                await self._look(KINDS[name])

    async def _look(self, kind: JobKind) -> None:
        began = datetime.now(UTC)
        try:
            changed = await self._changed_since(kind, self._looked.get(kind.name, self._opened) - OVERLAP)
        except (BotoCoreError, ClientError, OSError) as error:
            await self._stream.take_note(error)
            log.warning("cannot list each %s now: %s", kind.name, error)
            return
        self._looked[kind.name] = began
        for name, status in changed.items():
            if kind.is_over(status):
                self._stream.deliver((kind.name, name), status)

    async def _changed_since(self, kind: JobKind, moment: datetime) -> dict[str, str]:
        """Statuses by name of the jobs that are waited for and have changed."""
        waited_for = {name for of, name in self._stream.addresses() if of == kind.name}
        client = await self._stream.client(kind.service)
        pages = client.get_paginator(xform_name(kind.listing.operation)).paginate(
            **{kind.listing.changed_after: moment}, PaginationConfig={"PageSize": PAGE_SIZE}
        )
        return {
            item[kind.listing.name]: item[kind.listing.status]
            async for page in pages
            for item in page[kind.listing.items]
            if item[kind.listing.name] in waited_for
        }
