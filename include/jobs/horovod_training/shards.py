"""Which record goes where: a shard for each rank, of as many objects each, equal to within one record."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

FEWEST_OBJECTS = 16
"""Of a shard: their order is all that differs from epoch to epoch."""


class LayoutError(ValueError):
    """Shards that so many records cannot fill. The message says what would do."""


@dataclass(frozen=True, order=True)
class Target:
    """An object of a rank's shard, both from 0."""

    rank: int
    number: int

    @property
    def name(self) -> str:
        """Of its file in the shard."""
        return f"part-{self.number:05}.tfrecord"


@dataclass(frozen=True)
class Layout:
    """Shards.

    Attributes:
        records: of all shards.
        ranks: one shard for each.
        objects: of each shard.
    """

    records: int
    ranks: int
    objects: int

    @classmethod
    def of(cls, records: int, content_bytes: int, ranks: int, object_bytes: int) -> "Layout":
        """As many objects as keep each of them small, and at least sixteen.

        Args:
            records: of the data set.
            content_bytes: of all of them together.
            ranks: of the job that will read them.
            object_bytes: of an object, about at most.

        Raises:
            LayoutError: there are fewer records than objects.
        """
        if records < ranks * FEWEST_OBJECTS:
            most = records // FEWEST_OBJECTS
            remedy = f"give at most {most} ranks" if most else "give more records"
            raise LayoutError(
                f"{records:,} records cannot make {ranks} shards of {FEWEST_OBJECTS} objects, which takes "
                f"{ranks * FEWEST_OBJECTS:,}: {remedy}"
            )
        wanted = math.ceil(content_bytes / ranks / object_bytes)
        return cls(records, ranks, min(max(FEWEST_OBJECTS, wanted), records // ranks))

    def targets(self, seed: int) -> Iterator[Target]:
        """Where each record goes, in the order of the records.

        Of every ``ranks * objects`` of them each object gets one, in an order that ``seed`` tells.
        """
        generator = np.random.default_rng(seed)
        each = self.ranks * self.objects
        for start in range(0, self.records, each):
            slots = generator.permutation(min(each, self.records - start))
            yield from (Target(int(slot) % self.ranks, int(slot) // self.ranks) for slot in slots)

    def records_of(self, target: Target) -> int:
        """How many records an object has."""
        whole, rest = divmod(self.records, self.ranks * self.objects)
        return whole + (target.number * self.ranks + target.rank < rest)

    def records_of_rank(self, rank: int) -> int:
        """How many records a shard has."""
        return self.records // self.ranks + (rank < self.records % self.ranks)

    def all_targets(self) -> Iterator[tuple[Target, int]]:
        """Every object of every shard in order, and which record of the shard is its first one."""
        for rank in range(self.ranks):
            first = 0
            for number in range(self.objects):
                target = Target(rank, number)
                yield target, first
                first += self.records_of(target)
