"""Which records a step of training takes: the same ones, however many ranks share them."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Share:
    """What a rank has of a step.

    Attributes:
        records: their numbers; there is always one.
        weight: of the mean loss of these records in the mean over all ranks, so that this is the mean over
            all records of the step; 0 where a rank has a record only to take part.
    """

    records: list[int]
    weight: float

    @property
    def count(self) -> int:
        """Of the records, those that are its own."""
        return len(self.records) if self.weight else 0


@dataclass(frozen=True)
class Steps:
    """The steps of a training.

    Attributes:
        records: of an epoch.
        batch_size: records of a step, of all ranks together; the last step of an epoch may have fewer.
        seed: of the order.
    """

    records: int
    batch_size: int
    seed: int

    @property
    def count(self) -> int:
        """Of an epoch."""
        return -(-self.records // self.batch_size)

    def order(self, epoch: int) -> list[int]:
        """The records of an epoch (from 0), shuffled anew in each."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        return [int(number) for number in torch.randperm(self.records, generator=generator)]

    def shares(self, epoch: int, first: int, rank: int, ranks: int) -> Iterator[Share]:
        """What a rank has of each step of an epoch, from step ``first`` on."""
        order = self.order(epoch)
        for start in range(first * self.batch_size, self.records, self.batch_size):
            everybody = order[start : start + self.batch_size]
            mine = everybody[rank::ranks]
            # Ranks' gradients are averaged: by the number of ranks, not of records.
            yield Share(mine or everybody[:1], len(mine) * ranks / len(everybody))
