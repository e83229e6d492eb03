"""Trains a network on images with as many ranks as the job has: a script for the image ``horovod``.

Rank n reads ``train_<n>``, a shard that `shard.py` wrote, through a named pipe for each epoch (Pipe mode) or
from files. It never shuffles: the order of the objects is the channel's. Ranks take the same steps, and the
gradient of a step is the mean over the records of all of them, so more ranks make a larger batch and nothing
else.

After each epoch rank 0 measures ``validation`` while the others wait, or every rank n ``validation_<n>``;
rank 0 saves a checkpoint, from which a job that was interrupted goes on, and writes what TensorBoard shows.
At the end it measures ``eval``, once, and leaves ``model.pt`` and ``model.json``.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import horovod.torch as hvd
import torch
from entrypoint import paths  # type: ignore[import-not-found]
from torch.utils.tensorboard import SummaryWriter

import batches
import channels
import epochs
import first_rank
from bounds import number
from checkpoints import Checkpoints
from documents import write_json
from failure import run_job
from measuring import Measured
from small_network import small_network
from steps import Steps

EVERY_RANK = "every_rank"
RANK_0 = "rank_0"


class Trainer:
    """One rank of the job."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args, self.rank = args, hvd.rank()
        cuda = torch.cuda.is_available()
        self.device = torch.device("cuda", hvd.local_rank()) if cuda else torch.device("cpu")
        self.task = epochs.Task(
            shard=channels.shard_of(self.rank),
            steps=Steps(args.records, hvd.size(), args.batch_size),
            objects=args.objects_per_shard,
            channels=args.image_channels,
            classes=args.classes,
            base_rate=args.learning_rate,
            warm_up_epochs=args.warm_up_epochs,
            device=self.device,
        )
        self.model = small_network(args.image_channels, args.classes, args.seed).to(self.device)
        self.optimizer: Any = hvd.DistributedOptimizer(
            torch.optim.SGD(self.model.parameters(), lr=args.learning_rate, momentum=args.momentum),
            named_parameters=self.model.named_parameters(),
            op=hvd.Sum,
        )
        self.checkpoints = Checkpoints(args.checkpoints)
        self.history: list[dict[str, Any]] = []

    def run(self) -> None:
        """Trains, measures and leaves the model."""
        first = self._resume()
        writer = SummaryWriter(self.args.tensorboard) if self.rank == 0 else None
        for epoch in range(first, self.args.epochs):
            trained = epochs.train(self.model, self.optimizer, self.task, epoch, epoch - first)
            validated = self._validate(epoch - first)
            self.history.append(
                {
                    "epoch": epoch,
                    **asdict(trained),
                    "validation_loss": validated.mean_loss,
                    "validation_accuracy": validated.accuracy,
                }
            )
            if writer:
                self._tell(writer)
                self.checkpoints.save(epoch, self._state())
        evaluated = Measured()
        first_rank.work_alone(self._steps(evaluated, channels.channel("eval"), 0))
        if writer:
            writer.close()
            self._leave(evaluated)

    def _resume(self) -> int:
        """The first epoch to train; every rank begins with the weights of rank 0."""
        found = self.checkpoints.last() if self.rank == 0 else None
        first = 0
        if found:
            last, state = found
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.history, first = json.loads(state["history"]), last + 1
            print(f"Goes on after epoch {last}, of which there is a checkpoint.", flush=True)
        hvd.broadcast_parameters(self.model.state_dict(), root_rank=0)
        hvd.broadcast_optimizer_state(self.optimizer, root_rank=0)
        return int(hvd.broadcast_object(first, root_rank=0, name="first epoch"))

    def _state(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "history": json.dumps(self.history),
        }

    def _validate(self, pipe: int) -> Measured:
        measured = Measured()
        if self.args.validate_on == RANK_0:
            first_rank.work_alone(self._steps(measured, channels.channel("validation"), pipe))
        else:
            for _ in self._steps(measured, channels.channel(f"validation_{self.rank}"), pipe):
                pass
        return measured

    def _steps(self, measured: Measured, channel: channels.Channel, pipe: int) -> Any:
        found = batches.decoded(channel.payloads(pipe), self.args.image_channels, self.args.classes)
        return measured.of(self.model, batches.batches(found, self.args.batch_size), self.device)

    def _tell(self, writer: SummaryWriter) -> None:
        last = self.history[-1]
        shown = {
            "train-loss": last["loss"],
            "validation-loss": last["validation_loss"],
            "validation-accuracy": last["validation_accuracy"],
            "learning-rate": last["learning_rate"],
            "images-per-second": last["records_read"] / last["seconds"],
            "waiting-share": last["waiting_seconds"] / last["seconds"],
        }
        print(
            f"epoch {last['epoch'] + 1} of {self.args.epochs}:",
            *(f"{name}:{value:.6g}" for name, value in shown.items()),
            f"records-read:{last['records_read']} duplicates:{last['duplicates']}",
            flush=True,
        )
        for name, value in shown.items():
            writer.add_scalar(name, value, last["epoch"])
        writer.flush()

    def _leave(self, evaluated: Measured) -> None:
        args = self.args
        args.model_dir.mkdir(parents=True, exist_ok=True)
        torch.save(
            {name: value.cpu() for name, value in self.model.state_dict().items()},
            args.model_dir / "model.pt",
        )
        shape = {"image_channels": args.image_channels, "classes": args.classes}
        write_json(args.model_dir / "model.json", shape)
        metrics = {
            "ranks": hvd.size(),
            "epochs": len(self.history),
            "records": args.records,
            "records_read": sum(each["records_read"] for each in self.history),
            "duplicates": sum(each["duplicates"] for each in self.history),
            "loss": self.history[-1]["loss"],
            "accuracy": evaluated.accuracy,
        }
        write_json(args.output_data_dir / "metrics.json", metrics)
        write_json(args.model_dir / "history.json", self.history)
        print(*(f"final-{name}:{value}" for name, value in metrics.items()), flush=True)


def parser() -> argparse.ArgumentParser:
    """Hyperparameters as SageMaker passes them, folders as its environment names them."""
    result = argparse.ArgumentParser(description="Trains a network on images, one rank of many.")
    add, env = result.add_argument, os.environ
    add("--epochs", type=number(int, 1, 10_000), required=True)
    add("--batch_size", type=number(int, 1, 65_536), default=32, help="of each rank")
    add("--learning_rate", type=number(float, 0, above=True), default=0.02, help="of one rank")
    add("--momentum", type=number(float, 0, 1, below=True), default=0.9)
    add("--warm_up_epochs", type=number(int, 0, 1000), default=1)
    add("--seed", type=number(int, 0, 2**31 - 1), default=42)
    add("--records", type=number(int, 1), required=True, help="of all shards")
    add("--objects_per_shard", type=number(int, 0), default=0)
    add("--image_channels", type=int, choices=(1, 3), required=True)
    add("--classes", type=number(int, 2), required=True)
    add("--validate_on", choices=(RANK_0, EVERY_RANK), default=RANK_0)
    add("--ranks_per_host", type=int, help="read by the image")
    add("--stall_seconds", type=int, help="read by the image")
    add("--model_dir", type=Path, default=env.get("SM_MODEL_DIR", "/opt/ml/model"))
    add("--output_data_dir", type=Path, default=env.get("SM_OUTPUT_DATA_DIR", "/opt/ml/output/data"))
    add("--checkpoints", type=Path, default=paths.base() / "checkpoints")
    add("--tensorboard", type=Path, default=paths.base() / "output" / "tensorboard")
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one rank; returns the exit code."""
    args = parser().parse_args(argv)
    hvd.init()
    return run_job(lambda: Trainer(args).run(), file="failure")


if __name__ == "__main__":
    sys.exit(main())
