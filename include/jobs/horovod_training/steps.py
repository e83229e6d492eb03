"""How many records each rank has in each step, known beforehand: shards are equal to within one record.

So every rank knows how large the batch of all of them is, and the gradient is the mean over exactly its
records; a rank whose shard ends earlier takes part with none.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Steps:
    """The steps of an epoch.

    Attributes:
        records: of all shards.
        ranks: that read one each.
        batch: records of a rank in a step.
    """

    records: int
    ranks: int
    batch: int

    @property
    def count(self) -> int:
        """Steps of an epoch, the same for every rank."""
        return math.ceil(self.of_rank(0) / self.batch)

    def of_rank(self, rank: int) -> int:
        """Records of a shard: the first ones have one more where they cannot be equal."""
        return self.records // self.ranks + (rank < self.records % self.ranks)

    def mine(self, rank: int, step: int) -> int:
        """Records of a rank in a step."""
        return max(0, min(self.batch, self.of_rank(rank) - step * self.batch))

    def everybody(self, step: int) -> int:
        """Records of all ranks in a step."""
        return sum(self.mine(rank, step) for rank in range(self.ranks))
