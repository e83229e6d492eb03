"""SQS: long polls that wake at once, do not spin, and end when the server stops."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from typing import TYPE_CHECKING, Any, ClassVar

from moto.sqs import urls as moto_urls
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

if TYPE_CHECKING:
    from local.aws.server import LocalAws

IDLE_WAIT = 0.25
"""Longest sleep of a long poll, in seconds: a message may become visible without anybody sending one."""

RECEIPTS_REMEMBERED = 10_000
"""A message can be deleted twice with the same receipt, as on AWS, while the receipt is remembered."""


class LocalSqs(SQSBackend):
    """moto's SQS with its own way to wait."""

    aws: ClassVar["LocalAws"]

    @property
    def _url_module(self) -> Any:
        return moto_urls

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
        if not queue.messages:
            return []
        # The queue's lock keeps two receivers from taking the same message.
        with self.aws.changing(), _lock(queue):
            return super().receive_message(queue.name, count, 0, visibility_timeout, attributes)

    def delete_message(self, queue_name: str, receipt_handle: str) -> None:
        """Deletes a message; moto remembers every receipt that it ever saw, we the latest."""
        super().delete_message(queue_name, receipt_handle)
        queue = self.get_queue(queue_name)
        if len(queue.deleted_messages) > RECEIPTS_REMEMBERED:
            queue.deleted_messages.clear()

    @staticmethod
    def _wait(queue: Queue, seconds: float) -> None:
        with _lock(queue) as arrival:
            if not queue.messages:
                arrival.wait(seconds)


@contextmanager
def _lock(queue: Queue) -> Iterator[Condition]:
    """The lock that moto takes to add a message, and by which it tells of one."""
    arrival = queue._messages_lock  # noqa: SLF001  # moto's own lock, or there would be two
    with arrival:
        yield arrival


def install(aws: "LocalAws") -> None:
    """Puts the backend in place."""
    LocalSqs.aws = aws
    sqs_backends.backend = LocalSqs


def stop() -> None:
    """Wakes all long polls, so that they answer before the server ends."""
    for _, _, backend in sqs_backends.iter_backends():
        for queue in backend.queues.values():  # type: ignore[attr-defined]
            with _lock(queue) as arrival:
                arrival.notify_all()
