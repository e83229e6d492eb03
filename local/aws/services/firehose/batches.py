"""What a delivery stream holds before it becomes objects."""

import time
from dataclasses import dataclass, field

from local.aws.services.firehose.buffers import Positions
from local.aws.services.firehose.destination import Limits
from local.aws.services.firehose.feeds import Taken


@dataclass
class Chunk:
    """Records on their way to the function."""

    records: list[Taken] = field(default_factory=list)
    size: int = 0
    since: float = 0.0
    """When the first one was taken, by the monotonic clock."""

    def add(self, taken: Taken) -> None:
        """Takes one record."""
        if not self.records:
            self.since = time.monotonic()
        self.records.append(taken)
        self.size += len(taken.record.data)

    def is_due(self, limits: Limits) -> bool:
        """Whether it is full, or has waited long enough."""
        return _is_due(limits, self.size, self.since if self.records else None)


@dataclass
class Batch:
    """Records on their way to S3.

    Attributes:
        data: of the records that are delivered, with their delimiters.
        failed: those that are not, as lines of JSON.
        raw: the records as they came, for the backup.
        positions: of the last record taken from each shard.
        oldest: when the first of them arrived, in milliseconds since 1970.
        since: when the first of them was taken, by the monotonic clock.
    """

    data: list[bytes] = field(default_factory=list)
    failed: list[bytes] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    positions: Positions = field(default_factory=dict)
    records: int = 0
    size: int = 0
    oldest: int | None = None
    since: float | None = None

    def take(self, chunk: Chunk) -> None:
        """Notes where the records of a chunk stood."""
        self.since = chunk.since if self.since is None else self.since
        self.records += len(chunk.records)
        for shard, record in chunk.records:
            self.positions[shard] = max(record.number, self.positions.get(shard, 0))
            self.oldest = min(record.arrived, self.oldest or record.arrived)

    def add(self, data: list[bytes], failed: list[bytes], raw: list[bytes]) -> None:
        """Takes what became of a chunk."""
        self.data += data
        self.failed += failed
        self.raw += raw
        self.size += sum(map(len, data)) + sum(map(len, failed))

    def is_due(self, limits: Limits) -> bool:
        """Whether it is full, or has waited long enough."""
        return _is_due(limits, self.size, self.since)


def _is_due(limits: Limits, size: int, since: float | None) -> bool:
    return since is not None and (size >= limits.size or time.monotonic() - since >= limits.seconds)
