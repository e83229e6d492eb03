"""Streams of Kinesis with their shards and readers, and delivery streams of Firehose."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from local.aws.clients import arn_of
from local.aws.errors import AnsweredError
from local.aws.pages.frame import STREAMS, Crumb, NotThereError, page, second
from local.aws.pages.objects import address
from local.aws.services import firehose, kinesis
from local.aws.services.firehose.delivery import Delivery
from local.aws.services.kinesis.streams import Shard, Stream

REFRESH_SECONDS = 3
FORGOTTEN_SECONDS = 600
"""A reader that has not come back for so long is not shown."""


class Reader(NamedTuple):
    """Who reads a shard: how far behind its end the last answer was, and how long ago that is."""

    name: str
    behind_ms: int
    seconds_ago: float


@dataclass(frozen=True)
class ShardRow:
    """A shard with what is in it."""

    stream: Stream
    shard: Shard
    records: int
    readers: list[Reader]


@dataclass(frozen=True)
class DeliveryRow:
    """A delivery stream with what is on its way; ``buffered`` is None where its source is gone."""

    delivery: Delivery
    source: str
    buffered: tuple[int, int] | None
    last: tuple[str, str, str] | None
    """Time, URI and page of the last object."""
    error: tuple[str, str] | None


class Streams:
    """Answers below :data:`~local.aws.pages.frame.STREAMS`."""

    def answer(self, _request: Any, where: str) -> Any:
        """The page.

        Raises:
            NotThereError: there is no other page.
        """
        if where:
            raise NotThereError(f"There is no page {where!a} of the streams: see {STREAMS}.")
        return page(
            "streams.html",
            "Streams",
            [Crumb("Streams", STREAMS)],
            refresh=REFRESH_SECONDS,
            shards=list(_shards()),
            deliveries=[_delivery(delivery) for delivery in firehose.operations().every()],
        )


def _shards() -> Iterator[ShardRow]:
    journal, reads = kinesis.catalog().journal, kinesis.operations().records.reads
    for stream in kinesis.catalog().every():
        for shard in stream.shards:
            number, now = stream.journal_shard(shard), time.time()
            readers = [
                Reader(arn_of(key) or key, behind, now - moment)
                for (read, key), (moment, behind) in list(reads.items())
                if read == number and now - moment < FORGOTTEN_SECONDS
            ]
            yield ShardRow(stream, shard, journal.count(number), readers)


def _delivery(delivery: Delivery) -> DeliveryRow:
    progress, stream = delivery.progress, delivery.stream
    try:
        buffered = delivery.buffered
    except AnsweredError:
        buffered = None
    last = progress.last and (
        second(datetime.fromtimestamp(progress.last[0], UTC)),
        f"s3://{progress.last[1]}/{progress.last[2]}",
        address(progress.last[1], progress.last[2], is_object=True),
    )
    error = progress.error and (second(datetime.fromtimestamp(progress.error[0], UTC)), progress.error[1])
    source = stream.source["KinesisStreamARN"].rpartition("/")[2] if stream.source else ""
    return DeliveryRow(delivery, source, buffered, last, error)
