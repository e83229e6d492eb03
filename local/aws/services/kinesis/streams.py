"""Streams and their shards, as they are kept and as they are described."""

import bisect
import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from local.aws.journal import SHARDS
from local.aws.services.kinesis.errors import InvalidArgumentError, NotFoundError
from local.aws.services.kinesis.positions import sequence_number

KEYS = 2**128
"""Hash keys are below this."""
ON_DEMAND_SHARDS = 4
Description = dict[str, Any]


@dataclass
class Shard:
    """A range of hash keys, from ``start`` to ``end``, both included.

    Attributes:
        index: its place among the shards that the stream ever had.
        start: the first hash key.
        end: the last hash key.
        begins: number in the journal behind which its records are.
        closed: the last number that it can have a record of; None while it takes records.
        parents: indexes of the shards that it came from.
    """

    index: int
    start: int
    end: int
    begins: int
    closed: int | None = None
    parents: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        """``shardId-000000000000``."""
        return shard_name(self.index)

    def describe(self) -> Description:
        """As DescribeStream has it."""
        numbers = {"StartingSequenceNumber": sequence_number(self.begins + 1)}
        if self.closed is not None:
            numbers["EndingSequenceNumber"] = sequence_number(self.closed)
        names = ("ParentShardId", "AdjacentParentShardId")
        return {
            "ShardId": self.name,
            **{name: shard_name(parent) for name, parent in zip(names, self.parents, strict=False)},
            "HashKeyRange": {"StartingHashKey": str(self.start), "EndingHashKey": str(self.end)},
            "SequenceNumberRange": numbers,
        }


@dataclass
class Stream:
    """A stream; ``number`` is its own in the journal, times are seconds since 1970."""

    arn: str
    created: float
    mode: str
    shards: list[Shard]
    retention_hours: int = 24
    tags: dict[str, str] = field(default_factory=dict)
    encryption_key: str | None = None
    number: int = 0

    @classmethod
    def of(cls, number: int, definition: Description) -> Self:
        """A stream as the journal has it."""
        shards = [Shard(**shard) for shard in definition["shards"]]
        return cls(**{**definition, "shards": shards, "number": number})

    def definition(self) -> Description:
        """What the journal keeps."""
        return asdict(self)

    @property
    def name(self) -> str:
        """The name, which is unique in a region."""
        return self.arn.rpartition("/")[2]

    @property
    def open_shards(self) -> list[Shard]:
        """Those that take records, by their hash keys."""
        return sorted((shard for shard in self.shards if shard.closed is None), key=lambda s: s.start)

    @property
    def encryption(self) -> str:
        """``KMS`` or ``NONE``."""
        return "KMS" if self.encryption_key else "NONE"

    def journal_shard(self, shard: Shard) -> int:
        """The shard's number in the journal."""
        return self.number * SHARDS + shard.index

    def shard(self, name: str) -> Shard:
        """The shard of this name. Raises `NotFoundError`."""
        found = next((shard for shard in self.shards if shard.name == name), None)
        if found is None:
            account = self.arn.split(":")[4]
            raise NotFoundError(f"Shard {name} in stream {self.name} under account {account} does not exist")
        return found

    def children(self, shard: Shard) -> list[Shard]:
        """The shards that came from a closed one."""
        return [child for child in self.shards if shard.index in child.parents]

    def summary(self) -> Description:
        """As DescribeStreamSummary has it."""
        return {
            "StreamName": self.name,
            "StreamARN": self.arn,
            "StreamStatus": "ACTIVE",
            "StreamModeDetails": {"StreamMode": self.mode},
            "RetentionPeriodHours": self.retention_hours,
            "StreamCreationTimestamp": self.created,
            "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
            "EncryptionType": self.encryption,
            **({"KeyId": self.encryption_key} if self.encryption_key else {}),
        }

    # Resharding

    def split(self, shard: Shard, at: int, last: int) -> None:
        """Puts two shards in place of one; the second begins at hash key ``at``."""
        if not shard.start < at <= shard.end:
            raise InvalidArgumentError(
                f"NewStartingHashKey {at} used in SplitShard() on shard {shard.name} in stream {self.name} is"
                f" not both greater than the shard's StartingHashKey {shard.start} and at most its"
                f" EndingHashKey {shard.end}."
            )
        self._replace([shard], [(shard.start, at - 1), (at, shard.end)], last)

    def merge(self, one: Shard, other: Shard, last: int) -> None:
        """Puts one shard in place of two neighbours."""
        low, high = sorted((one, other), key=lambda shard: shard.start)
        if low.end + 1 != high.start:
            raise InvalidArgumentError(
                f"Cannot merge shards {one.name} and {other.name} in stream {self.name}: they are not"
                " adjacent."
            )
        self._replace([one, other], [(low.start, high.end)], last)

    def reshard(self, count: int, last: int) -> None:
        """Splits and merges until there are so many shards of one size; none has more than two parents."""
        for start, _ in ranges(count):
            holder = next(shard for shard in self.open_shards if shard.start <= start <= shard.end)
            if holder.start != start:
                self.split(holder, start, last)
        for start, end in ranges(count):
            while len(inside := [shard for shard in self.open_shards if start <= shard.start <= end]) > 1:
                self.merge(inside[0], inside[1], last)

    def _replace(self, old: list[Shard], new: list[tuple[int, int]], last: int) -> None:
        for shard in old:
            if shard.closed is not None:
                raise InvalidArgumentError(
                    f"Shard {shard.name} in stream {self.name} has already been merged or split, and thus is"
                    " not eligible for merging or splitting."
                )
        parents = [shard.index for shard in old]
        for start, end in new:
            self.shards.append(Shard(len(self.shards), start, end, last, parents=parents))
        for shard in old:
            shard.closed = last


def shard_name(index: int) -> str:
    """As Kinesis names shards.

    >>> shard_name(3)
    'shardId-000000000003'
    """
    return f"shardId-{index:012d}"


def ranges(count: int) -> list[tuple[int, int]]:
    """All hash keys, shared out evenly."""
    step = KEYS // count
    return [(i * step, KEYS - 1 if i == count - 1 else (i + 1) * step - 1) for i in range(count)]


def shard_of(shards: list[Shard], partition_key: str, explicit: str | None) -> Shard:
    """The shard that takes a record: the one whose range has the MD5 of the partition key.

    Args:
        shards: open ones, by their hash keys.
        partition_key: of the record.
        explicit: a hash key to take instead, in decimal digits.
    """
    key = int(explicit) if explicit else int.from_bytes(hashlib.md5(partition_key.encode()).digest())  # noqa: S324
    return shards[bisect.bisect_right(shards, key, key=lambda shard: shard.start) - 1]
