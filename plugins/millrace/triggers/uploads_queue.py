"""The durable queue of uploads, drained by one loop for all watchers of a triggerer.

Airflow starts one run for events that follow one another closely, and that run is told only
of the first. So the queue is drained into one list, all of it is one event, and there is a
pause before the next. A message is deleted once Airflow has stored what was derived from it,
and comes again if that never happens.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any, NoReturn

from airflow.sdk.exceptions import AirflowException
from airflow.triggers.shared_stream import AdvanceItem, SharedStreamProducer
from botocore.exceptions import BotoCoreError, ClientError
from typing_extensions import override

from include.settings import settings
from include.uploads import NotAnUpload, Payload, Upload
from millrace.delays import growing, jittered
from millrace.triggers.clients import Clients
from millrace.triggers.dead_letters import bury
from millrace.triggers.upload_watches import UploadWatches, is_under

log = logging.getLogger(__name__)

BATCH = 10
"""Messages that SQS takes or gives in one call."""
BURST = 1000
"""Messages of one event at most; the rest comes with the next."""
BURST_SECONDS = 10.0
"""How long a burst is collected at most: a trickle must not hold back what came first."""
LONG_POLL_SECONDS = 20
MORE_SECONDS = 1
"""How long one waits for more of a burst."""
PAUSE_SECONDS = 3.0
"""Between two events, for the scheduler; and at the start, for all watchers to be there."""
EXTEND_SECONDS = 20.0
HIDDEN_SECONDS = 60
"""How long a burst stays hidden from other triggerers after each extension."""
EARLY_DELIVERIES = 3
"""So often, of the five times that SQS delivers a message, it is handed to another triggerer as it is."""
RESENT_SECONDS = 10
FIRST_RETRY = timedelta(seconds=1)
LONGEST_RETRY = timedelta(minutes=1)
REFUSAL_SECONDS = 60.0
"""Airflow starts a watcher that fails anew at once; the log should stay readable."""
REMEMBERED = 10_000
"""Uploads known to be stored, in case their messages could not be deleted."""
OUTAGES = (BotoCoreError, ClientError, OSError)


class UploadsQueueUnknown(AirflowException):
    """The deployment names no uploads queue."""


@dataclass(frozen=True)
class QueueKey:
    """Watchers with the same key share one loop over the queue."""

    aws_conn_id: str | None
    region_name: str | None


@dataclass
class Burst:
    """What was drained from the queue: uploads by their identity, and the receipts of all their messages."""

    uploads: dict[tuple[str, str], Upload] = field(default_factory=dict)
    receipts: list[str] = field(default_factory=list)
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    def payloads(self) -> list[Payload]:
        """The uploads in order of arrival."""
        arrived = sorted(self.uploads.values(), key=lambda upload: (upload.time, upload.sequencer))
        return [upload.payload() for upload in arrived]


@dataclass
class Sorted:
    """What became of the messages of one drain besides those of its burst."""

    done: list[str] = field(default_factory=list)
    """Receipts of messages that need nothing more: buried, folders, or stored before."""
    not_here: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Keys and messages of objects that no watcher of this process wants."""


class UploadsQueue(SharedStreamProducer):
    """Yields bursts of uploads that a watcher of this process wants; survives any outage of SQS."""

    def __init__(self, key: QueueKey) -> None:
        self.key = key
        self.watches = UploadWatches.of(key)
        self._url = ""
        self._sqs: Any = None
        self._clients = Clients(key.aws_conn_id, key.region_name)
        self._stored: dict[tuple[str, str], None] = {}

    @override
    async def open_stream(self) -> AsyncGenerator[tuple[list[Payload], Burst]]:
        self._url = settings().uploads_queue_url or await _refuse()
        failures = 0
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                burst, handed_back = await self._drain()
                failures = 0
            except OUTAGES as error:
                failures += 1
                await self._wait_out(error, failures)
                continue
            if burst.uploads:
                log.info("%d uploads in %d messages", len(burst.uploads), len(burst.receipts))
                yield burst.payloads(), burst
                await self._keep(burst)
            if handed_back:
                # Triggerers in step would take the same messages from each other for ever.
                await asyncio.sleep(jittered(timedelta(seconds=PAUSE_SECONDS), spread=1).total_seconds())

    @override
    async def advance(self, batch: Sequence[AdvanceItem]) -> None:
        """Deletes what is stored; a message that cannot be deleted comes again and is known by then."""
        for burst, outcome in batch:
            try:
                if outcome.is_clean:
                    self._remember(burst.uploads)
                    await self._delete(burst.receipts)
                else:
                    log.warning("%d uploads were not stored and come again", len(burst.uploads))
            except OUTAGES as error:
                log.warning("%d messages are not deleted yet: %s", len(burst.receipts), error)
            finally:
                burst.settled.set()

    @override
    async def aclose(self) -> None:
        await self._clients.renew()

    async def _drain(self) -> tuple[Burst, bool]:
        """What is in the queue, up to a limit, and whether others want some; waits for the first message."""
        self._sqs = await self._clients.get("sqs")
        await self.watches.say(self._sqs, self._url)
        burst, rest = Burst(), Sorted()
        messages = await self._receive(LONG_POLL_SECONDS)
        until = asyncio.get_running_loop().time() + BURST_SECONDS
        while messages:
            for message in messages:
                await self._sort(message, burst, rest)
            is_over = len(burst.receipts) >= BURST or asyncio.get_running_loop().time() > until
            messages = [] if is_over else await self._receive(MORE_SECONDS)
        return burst, await self._settle(rest)

    async def _sort(self, message: dict[str, Any], burst: Burst, rest: Sorted) -> None:
        receipt = message["ReceiptHandle"]
        try:
            upload = Upload.parse(message["Body"])
        except NotAnUpload as reason:
            is_kept = await bury(self._sqs, message["Body"], str(reason))
            if is_kept and settings().dead_letters_queue_url:  # else SQS sets it aside after some deliveries
                rest.done.append(receipt)
            return
        if upload.is_folder or upload.identity in self._stored:
            rest.done.append(receipt)
        elif self.watches.want(upload.key):
            burst.uploads[upload.identity] = upload
            burst.receipts.append(receipt)
        else:
            rest.not_here.append((upload.key, message))

    async def _settle(self, rest: Sorted) -> bool:
        """Deletes what needs nothing more and hands back what others want; whether there was any."""
        await self._delete(rest.done)
        if not rest.not_here:
            return False
        elsewhere = await self.watches.elsewhere(self._sqs, self._url)
        for_others, unwanted = list[dict[str, Any]](), list[dict[str, Any]]()
        for key, message in rest.not_here:
            # A watcher may have come here since the message was read.
            is_wanted = self.watches.want(key) or is_under(key, elsewhere)
            (for_others if is_wanted else unwanted).append(message)
        log.info("%d objects for other triggerers, %d for nobody", len(for_others), len(unwanted))
        await self._delete([message["ReceiptHandle"] for message in unwanted])
        await self._hand_back(for_others)
        return bool(for_others)

    async def _hand_back(self, messages: Sequence[dict[str, Any]]) -> None:
        """At once, as this triggerer pauses longer than others now; what keeps missing its own is sent anew.

        SQS takes a message that came too often for one that nobody can read.
        """
        early: list[dict[str, Any]] = []
        late: list[dict[str, Any]] = []
        for message in messages:
            count = int(message["Attributes"]["ApproximateReceiveCount"])
            (early if count <= EARLY_DELIVERIES else late).append(message)
        await self._hide([message["ReceiptHandle"] for message in early], 0)
        for message in late:
            await self._sqs.send_message(
                QueueUrl=self._url, MessageBody=message["Body"], DelaySeconds=RESENT_SECONDS
            )
        await self._delete([message["ReceiptHandle"] for message in late])

    async def _keep(self, burst: Burst) -> None:
        """Keeps a burst hidden from other triggerers until Airflow has stored it, or failed to."""
        settled = asyncio.ensure_future(burst.settled.wait())
        try:
            while True:
                await asyncio.wait({settled}, timeout=EXTEND_SECONDS)
                if settled.done():
                    return
                try:
                    await self._hide(burst.receipts, HIDDEN_SECONDS)
                except OUTAGES as error:
                    log.warning("%d messages may come twice: %s", len(burst.receipts), error)
        finally:
            settled.cancel()

    def _remember(self, stored: Iterable[tuple[str, str]]) -> None:
        self._stored.update(dict.fromkeys(stored))
        for identity in list(islice(self._stored, max(0, len(self._stored) - REMEMBERED))):
            del self._stored[identity]

    async def _wait_out(self, error: Exception, failures: int) -> None:
        """The next client reads the credentials anew: expired ones are the commonest of outages."""
        delay = growing(FIRST_RETRY, failures, LONGEST_RETRY)
        log.warning("no uploads for %.0f s, none is lost: %s", delay.total_seconds(), error)
        await self._clients.renew()
        await asyncio.sleep(delay.total_seconds())

    async def _receive(self, seconds: int) -> list[dict[str, Any]]:
        answer = await self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=BATCH,
            WaitTimeSeconds=seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    async def _delete(self, receipts: Sequence[str]) -> None:
        for entries in _batches(receipts):
            _check(await self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries))

    async def _hide(self, receipts: Sequence[str], seconds: int) -> None:
        for entries in _batches(receipts):
            hidden = [entry | {"VisibilityTimeout": seconds} for entry in entries]
            _check(await self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=hidden))


async def _refuse() -> NoReturn:
    text = (
        "MILLRACE_UPLOADS_QUEUE_URL is not set, so no upload can start a run: "
        "set it to the output UploadsQueueUrl of the infrastructure stack on every triggerer."
    )
    log.error(text)
    await asyncio.sleep(REFUSAL_SECONDS)
    raise UploadsQueueUnknown(text)


def _batches(receipts: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    entries = ({"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(receipts))
    while batch := list(islice(entries, BATCH)):
        yield batch


def _check(answer: dict[str, Any]) -> None:
    if failed := answer.get("Failed"):
        log.warning("SQS refused %d messages, which come again: %s", len(failed), failed[0].get("Message"))
