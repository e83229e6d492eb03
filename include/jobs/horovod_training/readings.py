"""Which records of its shard a rank has read in an epoch: each has to come once."""

from dataclasses import dataclass, field

import numpy as np

from examples import Example
from failure import JobError


@dataclass
class Reading:
    """What has come of a shard so far.

    Attributes:
        rank: whose shard it is.
        records: that it has.
        read: that came, repeated ones included.
        objects: their names, in the order in which they came; empty where records do not tell.
    """

    rank: int
    records: int
    read: int = 0
    objects: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._seen = np.zeros(self.records, dtype=bool)
        self._distinct = 0

    def add(self, example: Example) -> None:
        """Counts a record.

        Raises:
            JobError: it is of another shard.
        """
        self.read += 1
        place = example.place
        if place is None:
            # Shards that others have written do not tell: how many come is all that can be counted.
            self._distinct = min(self.read, self.records)
            return
        if place.rank != self.rank or place.index >= self.records:
            raise JobError(
                f"Rank {self.rank} was given record {place.index:,} of the shard of rank {place.rank}; its "
                f"own has {self.records:,}: give it the shards that were made for this number of ranks."
            )
        if not self.objects or self.objects[-1] != place.name:
            self.objects.append(place.name)
        self._distinct += not self._seen[place.index]
        self._seen[place.index] = True

    @property
    def duplicates(self) -> int:
        """Records that came again."""
        return self.read - self._distinct

    @property
    def missing(self) -> int:
        """Records that did not come."""
        return self.records - self._distinct

    def check(self, epoch: int, objects: int) -> None:
        """Refuses an epoch that was not whole.

        Args:
            epoch: from 0.
            objects: of the shard, 0 where that is not known.

        Raises:
            JobError: a record is missing or came twice; names the objects that did not come.
        """
        if not self.missing and not self.duplicates:
            return
        names = {f"part-{number:05}.tfrecord" for number in range(objects)} - set(self.objects)
        absent = f" Not there: {', '.join(sorted(names))}." if names and self.objects else ""
        raise JobError(
            f"Rank {self.rank} has read {self.read:,} records of the {self.records:,} of its shard in epoch "
            f"{epoch}: {self.missing:,} missing, {self.duplicates:,} twice.{absent}"
        )
