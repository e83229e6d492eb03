"""SQS: long polls that wake at once, do not spin, and end when the server stops; long queues stay fast.

A message is on disk when it is in its queue, before anybody is told: see `local.aws.arrivals`.
"""

import base64
import copy
import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition
from typing import TYPE_CHECKING, Any, ClassVar

from moto.sqs import models as moto_models
from moto.sqs import urls as moto_urls
from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import (
    DEDUPLICATION_TIME_IN_SECONDS,
    Message,
    Queue,
    SQSBackend,
    _filter_message_attributes,
    sqs_backends,
)

from local.aws import arrivals

if TYPE_CHECKING:
    from local.aws.server import LocalAws

log = logging.getLogger(__name__)

IDLE_WAIT = 0.25
"""Longest sleep of a long poll, in seconds: a message may become visible without anybody sending one."""

SHARE = 20
"""Counting the messages of a queue may take this part of the time."""

_COUNTED = "counted"
RECEIPTS_REMEMBERED = 10_000
"""A message can be deleted twice with the same receipt, as on AWS, while the receipt is remembered."""


class LocalSqs(SQSBackend):
    """moto's SQS with its own way to wait."""

    aws: ClassVar["LocalAws"]

    @property
    def _url_module(self) -> Any:
        return moto_urls

    def create_queue(self, name: str, tags: dict[str, str] | None = None, **kwargs: Any) -> Queue:
        """Makes a queue; it takes the messages of one that stands in for it."""
        stand_in = self.queues.get(name)
        if stand_in is None or arrivals.STAND_IN not in vars(stand_in):
            return super().create_queue(name, tags, **kwargs)
        del self.queues[name]
        try:
            queue = super().create_queue(name, tags, **kwargs)
        except Exception:
            self.queues[name] = stand_in
            raise
        queue._messages = stand_in._messages  # noqa: SLF001
        return queue

    def receive_message(
        self,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        visibility_timeout: int,
        message_attribute_names: list[str] | None = None,
    ) -> list[Message]:
        """Takes up to ``count`` messages, waiting for the first; moto looks once, and we wait."""
        queue = self.get_queue(queue_name)
        until = time.monotonic() + wait_seconds_timeout
        while True:
            if messages := self._take(queue, count, visibility_timeout, message_attribute_names):
                return messages
            left = until - time.monotonic()
            if left <= 0 or self.aws.stopping.is_set() or self.queues.get(queue_name) is not queue:
                return []
            self._wait(queue, min(left, IDLE_WAIT))

    def _take(
        self, queue: Queue, count: int, visibility_timeout: int, attributes: list[str] | None
    ) -> list[Message]:
        if not queue._messages:  # noqa: SLF001  # its property goes through all of them
            return []
        # The queue's lock keeps two receivers from taking the same message.
        with self.aws.changing(), _lock(queue):
            return self._received(queue, count, visibility_timeout, attributes)

    def _received(
        self, queue: Queue, count: int, visibility_timeout: int, attributes: list[str] | None
    ) -> list[Message]:
        """The first messages that are ready. Moto looks at all for each call: 0.2 s at a depth of 100,000."""
        found: list[Message] = []
        dead: list[Message] = []
        held = set(queue.pending_message_groups) if queue.fifo_queue else set()
        now = time.time() * 1000
        for message in queue._messages:  # noqa: SLF001  # see above
            if not _is_ready(message, now):
                continue
            if message in queue.pending_messages:  # whoever had it took too long
                queue.pending_messages.remove(message)
                held = set(queue.pending_message_groups) if queue.fifo_queue else held
            if message.group_id in held or _is_too_old(queue, message, now):
                continue
            if _was_received_too_often(queue, message):
                dead.append(message)
                continue
            queue.pending_messages.add(message)
            message.mark_received(visibility_timeout=visibility_timeout)
            found.append(copy.copy(message))
            _filter_message_attributes(found[-1], attributes or [])
            if len(found) >= count:
                break
        for message in dead:
            queue.dead_letter_queue.add_message(message)  # type: ignore[union-attr]  # see the check
            queue._messages.remove(message)  # noqa: SLF001
        return found

    def delete_message(self, queue_name: str, receipt_handle: str) -> None:
        """Deletes a message; moto remembers every receipt that it ever saw, we the latest."""
        queue = self.get_queue(queue_name)
        with _lock(queue):
            _delete(queue, receipt_handle)
        if len(queue.deleted_messages) > RECEIPTS_REMEMBERED:
            queue.deleted_messages.clear()

    @staticmethod
    def _wait(queue: Queue, seconds: float) -> None:
        with _lock(queue) as arrival:
            now = time.time() * 1000
            if not any(_is_ready(message, now) for message in queue._messages):  # noqa: SLF001  # see above
                arrival.wait(seconds)


def add_message(self: Queue, message: Message) -> None:
    """Takes a message when the disk has it.

    Raises:
        NotKeptError: the disk does not take it, nor does the queue.
    """
    with _lock(self) as arrival:
        if _is_repeated(self, message):
            return

        def apply() -> None:
            self._messages.append(message)
            arrival.notify_all()

        LocalSqs.aws.keep(arrivals.entry(self, message), apply)


def _is_repeated(queue: Queue, message: Message) -> bool:
    """Whether a FIFO queue has a message of the same deduplication id; one that was deleted is forgotten."""
    if not queue.fifo_queue or not message.deduplication_id:
        return False
    sent: Any = message.sent_timestamp
    return any(
        other.deduplication_id == message.deduplication_id
        and sent - other.sent_timestamp < DEDUPLICATION_TIME_IN_SECONDS * 1000
        for other in queue._messages  # noqa: SLF001
    )


def _is_ready(message: Message, now: float) -> bool:
    """Whether a message can be received at a time in milliseconds."""
    return message.visible_at < now and message.delayed_until <= now


@dataclass(frozen=True)
class _Counts:
    """Messages of a queue that can be received, that are delayed, and that somebody has."""

    ready: int
    delayed: int
    taken: int
    since: float
    until: float


def _count(queue: Queue) -> _Counts:
    """Counts, which moto does thrice for every message that is sent; a long queue is not counted every time.

    The numbers are approximate on AWS too.
    """
    now, began = time.time(), time.thread_time()
    kept: _Counts | None = vars(queue).get(_COUNTED)
    if kept and kept.since <= now < kept.until:
        return kept
    milliseconds = now * 1000
    states = [
        (message.delayed_until > milliseconds, message.visible_at >= milliseconds)
        for message in list(queue._messages)  # noqa: SLF001  # see above
    ]
    until = now + SHARE * (time.thread_time() - began)
    counted = _Counts(
        ready=states.count((False, False)),
        delayed=sum(delayed for delayed, _ in states),
        taken=sum(taken for _, taken in states),
        since=now,
        until=until,
    )
    vars(queue)[_COUNTED] = counted
    return counted


def _is_too_old(queue: Queue, message: Message, now: float) -> bool:
    seconds: Any = queue.message_retention_period  # type: ignore[attr-defined]  # moto sets it by name
    sent: Any = message.sent_timestamp
    return bool(sent + int(seconds) * 1000 <= now)


def _was_received_too_often(queue: Queue, message: Message) -> bool:
    policy = queue.redrive_policy
    if queue.dead_letter_queue is None or not policy:
        return False
    return bool(message.approximate_receive_count >= policy["maxReceiveCount"])


def _delete(queue: Queue, receipt_handle: str) -> None:
    """Finds what was received among the first; moto goes through all messages, and copies them."""
    if receipt_handle in queue.deleted_messages:
        return
    for index, message in enumerate(queue._messages):  # noqa: SLF001
        if message.had_receipt_handle(receipt_handle):
            del queue._messages[index]  # noqa: SLF001
            queue.pending_messages.discard(message)
            queue.deleted_messages.update(handle for handle in message.all_receipt_handles if handle)
            return
    raise ReceiptHandleIsInvalid


@contextmanager
def _lock(queue: Queue) -> Iterator[Condition]:
    """The lock that moto takes to add a message, and by which it tells of one."""
    arrival = queue._messages_lock  # noqa: SLF001  # moto's own lock, or there would be two
    with arrival:
        yield arrival


def receipt_handle() -> str:
    """184 characters; moto draws them one by one, which takes longer than all else of a receive."""
    return base64.b64encode(secrets.token_bytes(138)).decode()


def install(aws: "LocalAws") -> None:
    """Puts the backend in place."""
    LocalSqs.aws = aws
    sqs_backends.backend = LocalSqs
    setattr(moto_models, "generate_receipt_handle", receipt_handle)  # noqa: B010  # which it imports
    Queue.add_message = add_message  # type: ignore[method-assign]
    counts: Any = Queue
    counts.approximate_number_of_messages = property(lambda queue: _count(queue).ready)
    counts.approximate_number_of_messages_delayed = property(lambda queue: _count(queue).delayed)
    counts.approximate_number_of_messages_not_visible = property(lambda queue: _count(queue).taken)


def loaded() -> None:
    """Puts back what was sent after the snapshot that the state is from."""
    if count := arrivals.put_back(LocalSqs.aws.kept()):
        LocalSqs.aws.changed()
        log.info("%d messages that were sent after the last snapshot are in their queues again", count)


def stop() -> None:
    """Wakes all long polls, so that they answer before the server ends."""
    for _, _, backend in sqs_backends.iter_backends():
        for queue in backend.queues.values():  # type: ignore[attr-defined]
            with _lock(queue) as arrival:
                arrival.notify_all()
