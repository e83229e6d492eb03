"""Where a delivery stream's records come from: what was put to it, or a Kinesis stream."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from local.aws.journal import SHARDS, Journal, Record
from local.aws.services.firehose.buffers import Buffers, Positions
from local.aws.services.kinesis.catalog import Catalog
from local.aws.services.kinesis.positions import sequence_number
from local.aws.services.kinesis.streams import Shard, Stream, shard_name

ROWS = 10_000


class Taken(NamedTuple):
    """A record and the shard of the journal that it was read from."""

    shard: int
    record: Record


class Feed(Protocol):
    """Records in shards of a journal."""

    journal: Journal

    def shards(self, taken: Positions) -> list[int]:
        """The shards to read from after so much was taken."""
        ...

    def metadata(self, taken: Taken) -> dict[str, Any]:
        """What a transform is told of a record beside its data."""
        ...

    def delivered(self, positions: Positions) -> None:
        """What came up to these positions is in S3."""
        ...


class PutRecords:
    """What PutRecord and PutRecordBatch brought."""

    def __init__(self, buffers: Buffers, stream: int) -> None:
        self.journal: Journal = buffers
        self.shard = stream * SHARDS

    def shards(self, _taken: Positions) -> list[int]:
        """One."""
        return [self.shard]

    def metadata(self, _taken: Taken) -> dict[str, Any]:
        """Nothing."""
        return {}

    def delivered(self, positions: Positions) -> None:
        """Takes it out of the journal."""
        self.journal.trim(self.shard, positions.get(self.shard, 0))


class KinesisStream:
    """The records of a stream of Kinesis, which keeps them itself."""

    def __init__(self, catalog: Catalog, arn: str) -> None:
        self.journal = catalog.journal
        self._catalog, self._arn = catalog, arn

    def shards(self, taken: Positions) -> list[int]:
        """The shards whose parents are read to their ends, so that the records of a key keep their order.

        Raises:
            NotFoundError: the stream is gone.
        """
        stream = self._catalog.of_arn(self._arn)
        return [stream.journal_shard(shard) for shard in stream.shards if self._is_next(stream, shard, taken)]

    def _is_next(self, stream: Stream, shard: Shard, taken: Positions) -> bool:
        parents = [stream.journal_shard(stream.shards[parent]) for parent in shard.parents]
        return all(self.journal.first(parent, taken.get(parent, 0)) is None for parent in parents)

    def metadata(self, taken: Taken) -> dict[str, Any]:
        """Where in the stream it was."""
        record = taken.record
        return {
            "kinesisRecordMetadata": {
                "shardId": shard_name(taken.shard % SHARDS),
                "partitionKey": record.partition_key,
                "approximateArrivalTimestamp": record.arrived,
                "sequenceNumber": sequence_number(record.number),
                "subsequenceNumber": 0,
            }
        }

    def delivered(self, _positions: Positions) -> None:
        """Nothing: others read it too."""


def read(feed: Feed, taken: Positions, size: int) -> Iterator[Taken]:
    """Records behind ``taken``, which is moved on, up to ``size`` bytes; the oldest shards first."""
    left = size
    for shard in sorted(feed.shards(taken), key=lambda shard: taken.get(shard, 0)):
        for record in feed.journal.read(shard, taken.get(shard, 0), ROWS):
            if left <= 0:
                return
            left -= len(record.data)
            taken[shard] = record.number
            yield Taken(shard, record)


def read_to(feed: Feed, start: Positions, end: Positions) -> Iterator[Taken]:
    """The records between two positions."""
    for shard, last in end.items():
        after = start.get(shard, 0)
        while after < last:
            rows = [record for record in feed.journal.read(shard, after, ROWS) if record.number <= last]
            yield from (Taken(shard, record) for record in rows)
            if len(rows) < ROWS:
                break
            after = rows[-1].number
