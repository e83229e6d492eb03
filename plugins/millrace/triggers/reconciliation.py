"""What events never said: one list call per kind of job now and then, however many jobs wait.

A list operation tells what changed since the last look, so its cost grows with what
changed in the account and not with the number of tasks that wait. Where a service has none
that can be asked so, the jobs are described one by one.
"""

import asyncio
import logging
from collections.abc import Container, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, Protocol

import jmespath
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from include.settings import settings
from millrace.delays import jittered
from millrace.hooks.jobs import is_one_of
from millrace.jobs import KINDS, JobKind, Listing
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
            changed = await self._statuses(kind)
        except (BotoCoreError, ClientError, OSError) as error:
            await self._stream.take_note(error)
            log.warning("cannot list each %s now: %s", kind.name, error)
            return
        self._looked[kind.name] = began
        for name, status in changed.items():
            if kind.is_over(status):
                self._stream.deliver((kind.name, name), status)

    async def _statuses(self, kind: JobKind) -> dict[str, str]:
        """Statuses by name of the jobs that are waited for and may have changed."""
        waited_for = {name for of, name in self._stream.addresses() if of == kind.name}
        client = await self._stream.client(kind.service)
        if kind.listing is None:
            return {name: await _described(client, kind, name) for name in sorted(waited_for)}
        moment = self._looked.get(kind.name, self._opened) - OVERLAP
        return await _changed_since(client, kind.listing, moment, waited_for)


async def _changed_since(
    client: Any, listing: Listing, moment: datetime, waited_for: Container[str]
) -> dict[str, str]:
    pages = client.get_paginator(xform_name(listing.operation)).paginate(
        **{listing.changed_after: moment}, PaginationConfig={"PageSize": PAGE_SIZE}
    )
    return {
        item[listing.name]: item[listing.status]
        async for page in pages
        for item in page[listing.items]
        if item[listing.name] in waited_for
    }


async def _described(client: Any, kind: JobKind, name: str) -> str:
    """The status of a job; empty if it is not there, which may be before it is."""
    try:
        answer = await getattr(client, xform_name(kind.describe))(**kind.identity(name))
    except ClientError as error:
        if is_one_of(error, kind.not_found):
            return ""
        raise
    return str(jmespath.search(kind.status, answer))
