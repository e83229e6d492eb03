"""An epoch of training: every rank reads its shard once, and all take the same steps."""

import itertools
import time
import zlib
from dataclasses import dataclass
from typing import Any

import horovod.torch as hvd
import torch
from torch import Tensor, nn
from torch.nn import functional

from batches import Batch, batch, decoded
from channels import Channel
from learning_rates import learning_rate
from readings import Reading
from steps import Steps


@dataclass(frozen=True)
class Task:
    """What is trained on.

    Attributes:
        shard: of this rank.
        steps: of an epoch.
        objects: of a shard, 0 where that is not known.
        channels: of an image.
        classes: of all images.
        base_rate: the learning rate of one rank.
        warm_up_epochs: until the rate is that of all ranks.
        device: that this rank computes on.
    """

    shard: Channel
    steps: Steps
    objects: int
    channels: int
    classes: int
    base_rate: float
    warm_up_epochs: int
    device: torch.device


@dataclass(frozen=True)
class Epoch:
    """What came of an epoch, over all ranks.

    Attributes:
        loss: mean cross entropy of an image while it was trained on, in nats.
        records_read: by all ranks.
        duplicates: records that were read again.
        seconds: of this rank.
        waiting_seconds: of these, reducing gradients and waiting for the other ranks to.
        learning_rate: of the last step.
        orders: a checksum for each rank of the order in which its objects came.
    """

    loss: float
    records_read: int
    duplicates: int
    seconds: float
    waiting_seconds: float
    learning_rate: float
    orders: list[str]


def train(model: nn.Module, optimizer: Any, task: Task, epoch: int, pipe: int) -> Epoch:
    """Trains for one epoch.

    Args:
        model: is changed.
        optimizer: Horovod's, which adds up gradients.
        task: what is trained on.
        epoch: from 0, over all starts of the job.
        pipe: from 0, since this start.

    Raises:
        JobError: the shard is not whole, or a record is no image.
    """
    rank, started = hvd.rank(), time.perf_counter()
    reading = Reading(rank, task.steps.of_rank(rank))
    found = decoded(task.shard.payloads(pipe), task.channels, task.classes)
    loss = waited = rate = 0.0
    model.train()
    for step in range(task.steps.count):
        some = list(itertools.islice(found, task.steps.mine(rank, step)))
        for example in some:
            reading.add(example)
        rate = learning_rate(
            task.base_rate,
            hvd.size(),
            epoch * task.steps.count + step,
            task.warm_up_epochs * task.steps.count,
        )
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        total = _loss(model, batch(some).to(task.device) if some else None)
        (total / task.steps.everybody(step)).backward()
        loss += float(total.detach())
        before = time.perf_counter()
        optimizer.synchronize()
        waited += time.perf_counter() - before
        with optimizer.skip_synchronize():
            optimizer.step()
    for example in found:
        reading.add(example)
    reading.check(epoch, task.objects)
    sums = torch.tensor([loss, reading.read, reading.duplicates], dtype=torch.float64)
    all_loss, read, duplicates = hvd.allreduce(sums, name="epoch", op=hvd.Sum).tolist()
    order = f"{zlib.crc32(chr(10).join(reading.objects).encode()):08x}"
    return Epoch(
        loss=all_loss / max(1.0, read),
        records_read=int(read),
        duplicates=int(duplicates),
        seconds=time.perf_counter() - started,
        waiting_seconds=waited,
        learning_rate=rate,
        orders=hvd.allgather_object(order, name="orders"),
    )


def _loss(model: nn.Module, there: Batch | None) -> Tensor:
    """The sum over a batch; zero, with gradients of zero, for a rank that has no records left."""
    if there is None:
        return sum((parameter.sum() for parameter in model.parameters()), torch.zeros(())) * 0
    return functional.cross_entropy(model(there.images), there.labels, reduction="sum")
