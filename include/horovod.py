"""Training with Horovod: a shard, a channel and a process for each rank.

Every rank reads a shard of its own. A channel is one named pipe for each epoch on an instance, and a pipe has
one reader: ranks that shared one would wait for each other for ever. So rank n reads channel ``train_n``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from include.bundles import Bundle
from include.run import Run
from include.sagemaker import Channel, Instances, Request, Spot, TrainingJob
from include.sagemaker.gpus import check_ranks, expected_cost

MOST_CHANNELS = 20
"""Of a training job, in every mode.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""
TFRECORD = "application/x-tfrecord"
SHARED_BY_KEY = "ShardedByS3Key"

Mode = Literal["Pipe", "File"]
Validation = Literal["rank_0", "every_rank"]


class ChannelsError(ValueError):
    """Channels that a job with so many ranks cannot have. The message says what to do."""


@dataclass(frozen=True)
class HorovodData:
    """What ranks read.

    Attributes:
        train: prefix of the shards, ``<train>/<rank>/``; with ``manifests`` rank n has the objects that
            ``<train>/<rank>.manifest`` lists.
        validation: prefix of what is measured after each epoch.
        evaluation: prefix of what is measured once, at the end; None for nothing.
        validate_on: ``rank_0`` reads all of ``validation`` alone; ``every_rank`` reads it through a channel
            of its own.
        mode: ``Pipe`` streams the objects of a channel, ``File`` copies them before the job starts.
        shuffle_seed: orders the objects of a shard anew in each epoch; None leaves them in S3's order.
        folders: one channel ``train`` in place of one for each rank, in which rank n reads the folder
            ``<n>/``; in mode ``File`` only.
        distribution: how S3 objects are given to instances.
    """

    train: str
    validation: str
    evaluation: str | None = None
    validate_on: Validation = "rank_0"
    mode: Mode = "Pipe"
    shuffle_seed: int | None = None
    manifests: bool = False
    folders: bool = False
    distribution: str = "FullyReplicated"

    def channels(self, ranks: int) -> dict[str, Channel]:
        """Channels by name.

        Raises:
            ChannelsError: the ranks cannot read their shards so.
        """
        self._check(ranks)
        channels = {name: self._channel(uri) for name, uri in self._training(ranks).items()}
        validated = {"validation": self.validation}
        if self.validate_on == "every_rank":
            validated = {f"validation_{rank}": self.validation for rank in range(ranks)}
        channels |= {name: Channel(uri + "/", TFRECORD, self.mode) for name, uri in validated.items()}
        if self.evaluation is not None:
            channels["eval"] = Channel(self.evaluation + "/", TFRECORD, self.mode)
        if len(channels) > MOST_CHANNELS:
            raise ChannelsError(_too_many(channels, self.mode))
        return channels

    def _training(self, ranks: int) -> dict[str, str]:
        if self.folders:
            return {"train": f"{self.train}/"}
        ending = ".manifest" if self.manifests else "/"
        return {f"train_{rank}": f"{self.train}/{rank}{ending}" for rank in range(ranks)}

    def _channel(self, uri: str) -> Channel:
        # Files have no order that anybody could shuffle: the job reads them in that of their names.
        seed = None if self.folders else self.shuffle_seed
        return Channel(uri, TFRECORD, self.mode, shuffle_seed=seed, manifest=self.manifests)

    def _check(self, ranks: int) -> None:
        if self.distribution == SHARED_BY_KEY:
            raise ChannelsError(
                f"{SHARED_BY_KEY} gives each instance a share, not each rank: ranks of an instance would "
                "read the same objects. Leave them FullyReplicated: each rank has a shard of its own"
            )
        if self.folders and self.mode == "Pipe":
            raise ChannelsError(
                f"{ranks} ranks on one pipe: a pipe has one reader, the others would wait for it for ever. "
                "Give each rank a channel (folders off), or take mode File"
            )
        if self.folders and self.manifests:
            raise ChannelsError(
                "a channel of folders is a prefix, a manifest lists objects without folders: leave one out"
            )


@dataclass(frozen=True)
class Plan:
    """What will be launched, told before it costs anything."""

    ranks: int
    instances: int
    instance_type: str
    ranks_per_instance: int
    channels: list[str]
    mode: str
    records: int
    records_per_rank: int
    expected_hours: float
    expected_usd: float | None
    price: str

    def sentences(self) -> list[str]:
        """For a log."""
        cost = (
            "of a price that is not known" if self.expected_usd is None else f"USD {self.expected_usd:,.2f}"
        )
        each = self.ranks_per_instance
        return [
            f"{self.ranks} ranks on {self.instances} x {self.instance_type}, {each} on each",
            f"{len(self.channels)} channels of at most {MOST_CHANNELS}, mode {self.mode}: "
            + ", ".join(self.channels),
            f"{self.records:,} records in {self.ranks} shards of {self.records_per_rank:,} or one more",
            f"expected: {self.expected_hours:.2f} hours, {cost} ({self.price})",
        ]


@dataclass(frozen=True)
class HorovodTraining:
    """A training job of several ranks.

    Attributes:
        image: with Horovod in it.
        instances: what the ranks run on, as many on each.
        ranks: processes, one for each GPU.
        data: what they read.
        records: of the training data, all shards together.
        epochs: how often each is read.
        records_per_second: of one rank, as far as is known.
        code: with the ``program`` that each rank runs.
        output: prefix of the model.
        hyperparameters: of the program.
    """

    image: str
    instances: Instances
    ranks: int
    data: HorovodData
    records: int
    epochs: int
    records_per_second: float
    code: Bundle
    output: str
    program: str = "train.py"
    hyperparameters: Mapping[str, Any] | None = None
    metric_definitions: Mapping[str, str] | None = None
    checkpoints: str | None = None
    tensorboard: str | None = None
    spot: Spot | None = None

    def plan(self) -> Plan:
        """What the job is going to be.

        Raises:
            GpuCountError: the instances do not have as many GPUs as there are ranks.
            ChannelsError: the ranks cannot read their shards so.
        """
        check_ranks(self.instances, self.ranks)
        names = list(self.data.channels(self.ranks))
        seconds = self.records * self.epochs / (self.ranks * self.records_per_second)
        cost = expected_cost(self.instances, seconds / 3600)
        return Plan(
            ranks=self.ranks,
            instances=self.instances.count,
            instance_type=self.instances.type,
            ranks_per_instance=self.ranks // self.instances.count,
            channels=names,
            mode=self.data.mode,
            records=self.records,
            records_per_rank=self.records // self.ranks,
            expected_hours=round(cost.hours, 4),
            expected_usd=cost.usd,
            price=f"{cost.price_of}, {cost.as_of}",
        )

    def request(self, run: Run) -> Request:
        """The ``CreateTrainingJob`` request, without its name; raises what `plan` does."""
        self.plan()
        return self._job().request(run)

    def bundles(self) -> Sequence[Bundle]:
        """What has to be in S3 before the job starts."""
        return [self.code]

    def metrics_uri(self) -> None:
        """A training job's metrics are in its description."""

    def _job(self) -> TrainingJob:
        return TrainingJob(
            image=self.image,
            instances=self.instances,
            channels=self.data.channels(self.ranks),
            output=self.output,
            hyperparameters={
                **(self.hyperparameters or {}),
                "epochs": self.epochs,
                "ranks_per_host": self.ranks // self.instances.count,
            },
            metric_definitions=self.metric_definitions or {},
            code=self.code,
            program=self.program,
            checkpoints=self.checkpoints,
            tensorboard=self.tensorboard,
            spot=self.spot,
        )


def _too_many(channels: Mapping[str, Channel], mode: str) -> str:
    kinds = {
        "train": sum(name.startswith("train") for name in channels),
        "validation": sum(name.startswith("validation") for name in channels),
        "eval": sum(name == "eval" for name in channels),
    }
    told = " + ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    validation = ", validation on rank_0 only" if kinds["validation"] > 1 else ""
    return (
        f"{told} are {len(channels)} channels, and a training job takes {MOST_CHANNELS} in mode {mode} as in "
        f"every other: give fewer ranks{validation}, or one File-mode channel with a folder for each rank "
        "(folders on)"
    )
