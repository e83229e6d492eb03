"""What every wait for an event has in common: join, look once, wait."""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Hashable
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent
from botocore.exceptions import BotoCoreError, ClientError
from typing_extensions import override

from millrace.delays import growing, jittered
from millrace.errors import passes
from millrace.triggers.event_stream import EventStream, Mailbox, StreamKey
from millrace.triggers.routing import Address

SUBSCRIBE_TIMEOUT = 30.0
FIRST_LOOK_AGAIN = timedelta(seconds=1)
LONGEST_LOOK_AGAIN = timedelta(minutes=1)


class EventTrigger(BaseEventTrigger):
    """Fires once, when what is waited for has happened.

    Joins the shared stream first, then looks once, then waits: what happened before the
    stream was joined is seen by the look, what happens later is heard.
    """

    # Task triggers may be pinned to a triggerer queue, unlike the asset triggers of the base class.
    supports_triggerer_queue = True
    look_again: timedelta | None = None
    """How often to look in case an event is lost; None where the stream's own reconciliation does it."""

    def __init__(self, aws_conn_id: str | None, region_name: str | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in Airflow, as is TriggerEvent below
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name

    @abstractmethod
    def address(self) -> Address:
        """Under which the news arrive."""

    @abstractmethod
    async def look(self, stream: EventStream) -> dict[str, Any] | None:
        """Asks AWS; the payload if it has happened, otherwise None."""

    def patience(self) -> float | None:
        """Seconds without news after which to look; None to wait for news alone."""
        return jittered(self.look_again).total_seconds() if self.look_again else None

    @abstractmethod
    def heard(self, news: Any) -> dict[str, Any] | None:
        """The payload if news say that it has happened, otherwise None."""

    @override
    def serialize(self) -> tuple[str, dict[str, Any]]:
        kwargs = {**self.arguments(), "aws_conn_id": self.aws_conn_id, "region_name": self.region_name}
        return f"{type(self).__module__}.{type(self).__qualname__}", kwargs

    @abstractmethod
    def arguments(self) -> dict[str, Any]:
        """What the constructor takes beside connection and region."""

    @override
    def shared_stream_key(self) -> Hashable:
        return StreamKey.of(self.aws_conn_id, self.region_name)

    @classmethod
    @override
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncGenerator[Any]:
        """Runs the stream while anybody waits. It hands events to the triggers itself, so it yields none."""
        await EventStream.of(StreamKey.of(kwargs["aws_conn_id"], kwargs["region_name"])).run()
        yield

    @override
    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncGenerator[TriggerEvent]:
        stream = EventStream.of(StreamKey.of(self.aws_conn_id, self.region_name))
        # Ends only if the stream does, and then with its error.
        broken = asyncio.ensure_future(anext(shared_stream))
        try:
            with stream.mailbox(self.address()) as mailbox:
                await _first(asyncio.ensure_future(stream.subscribed.wait()), broken, SUBSCRIBE_TIMEOUT)
                payload = await _first(asyncio.ensure_future(self._look_patiently(stream)), broken)
                while payload is None:
                    payload = await self._listen(stream, mailbox, broken)
            yield TriggerEvent(payload)  # type: ignore[no-untyped-call]
        finally:
            broken.cancel()
            await asyncio.wait({broken})

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

    async def _listen(
        self, stream: EventStream, mailbox: Mailbox, broken: "asyncio.Future[Any]"
    ) -> dict[str, Any] | None:
        """The payload, if the next news or the next look brings it."""
        news = await _first(asyncio.ensure_future(mailbox.get()), broken, self.patience())
        if news is not None:
            return self.heard(news)
        found: dict[str, Any] | None = await _first(
            asyncio.ensure_future(self._look_patiently(stream)), broken
        )
        return found

    async def _look_patiently(self, stream: EventStream) -> dict[str, Any] | None:
        """Looks until AWS answers.

        Raises:
            botocore.exceptions.ClientError: an answer that no waiting changes, e.g. that access is denied.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self.look(stream)
            except (BotoCoreError, ClientError, OSError) as error:
                if isinstance(error, ClientError) and not passes(error):
                    raise
                await stream.take_note(error)
                delay = growing(FIRST_LOOK_AGAIN, attempt, LONGEST_LOOK_AGAIN).total_seconds()
                self.log.warning("AWS cannot be asked for %.0f s: %s", delay, error)
                await asyncio.sleep(delay)


async def _first(
    wanted: "asyncio.Future[Any]", broken: "asyncio.Future[Any]", seconds: float | None = None
) -> Any:
    """What ``wanted`` gives, or None when the time is up.

    Raises:
        Exception: whatever ended the stream, if it breaks first.
    """
    try:
        await asyncio.wait({wanted, broken}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if broken.done():
            broken.result()
        return wanted.result() if wanted.done() else None
    finally:
        wanted.cancel()
