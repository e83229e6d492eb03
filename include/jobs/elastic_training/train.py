"""Trains a network on images by data-parallel ranks that may come and go: a script for the image ``elastic``.

torchrun starts it anew, as often as a rank is lost or one comes to the others, with as many ranks as there
are then; each time it goes on from the newest checkpoint on the shared volume. A step takes the same records
however many ranks share them, and its gradient is the mean over these: the world's size changes how long a
training takes, and not what comes of it.

Log lines: ``world-size:3 rank:1 pid:123 epoch:2 step:40`` of every rank at every start, where ``epoch``
counts from 1 and ``step`` is what has been taken of all epochs; ``epoch:2 train-loss:…`` after an epoch; and
``final-accuracy:…``.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

import image_folder
import networks
import process_group
import refusals
import results
import starts
import utilisation
from bounds import number
from checkpoints import NONE, Checkpoints
from failure import JobError
from image_folder import Form, Images, tensors
from locations import location, write
from parts import TRAIN, VALIDATION
from process_group import summed
from steps import Steps

PROGRESS_SECONDS = 5.0


@dataclass
class Progress:
    """How far a training has come.

    Attributes:
        epoch: that is being trained, from 0.
        step: steps that have been taken of it.
        loss: sum over the records of these steps, of all ranks, in nats.
        seconds: that they took.
        history: of each epoch before it.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)


class Trainer:
    """One rank of the job."""

    def __init__(self, args: argparse.Namespace, device: torch.device) -> None:
        self.args, self.device = args, device
        self.rank, self.ranks = dist.get_rank(), dist.get_world_size()
        form = Form(args.channels, args.image_size)
        self.classes = image_folder.classes(args.data)
        self.images = Images(args.data, TRAIN, self.classes, form)
        self.validation = Images(args.data, VALIDATION, self.classes, form)
        self.steps = Steps(len(self.images), args.batch_size, args.seed)
        self.checkpoints = Checkpoints(args.checkpoints)
        self.progress = Progress()
        network = networks.network(args.network, args.channels, len(self.classes), args.seed).to(device)
        if device.type == "cuda":
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        self.network = network
        self.optimizer = torch.optim.SGD(
            network.parameters(),
            lr=args.learning_rate,
            momentum=args.momentum,
            weight_decay=args.weight_decay,
        )

    @property
    def settings(self) -> dict[str, Any]:
        """What a checkpoint has to have been made with."""
        same = ("network", "channels", "image_size", "batch_size", "seed", "learning_rate", "momentum")
        return {name: getattr(self.args, name) for name in same} | {
            "records": len(self.images),
            "classes": self.classes,
        }

    def run(self) -> None:
        """Trains the epochs that are left, and leaves the model."""
        self._resume()
        taken = self.progress.epoch * self.steps.count + self.progress.step
        if self.rank == 0:
            starts.add(self.args.checkpoints, self.ranks, taken)
        print(
            f"world-size:{self.ranks} rank:{self.rank} pid:{os.getpid()} "
            f"epoch:{min(self.progress.epoch + 1, self.args.epochs)} step:{taken}",
            flush=True,
        )
        indices = [self.device.index] if self.device.type == "cuda" else None
        model = DistributedDataParallel(self.network, device_ids=indices)
        while self.progress.epoch < self.args.epochs:
            self._train(model)
            self._close_epoch()
        if self.rank == 0:
            self._leave()
        # The others wait: one that has ended could not take part should rank 0 have to start again.
        process_group.told_by_first(0, self.device)

    def _resume(self) -> None:
        """Takes what the newest checkpoint has; which one that is, rank 0 says."""
        newest = self.checkpoints.newest() if self.rank == 0 else NONE
        if (step := process_group.told_by_first(newest, self.device)) == NONE:
            return
        state = self.checkpoints.load(step)
        if (made_with := json.loads(state["settings"])) != self.settings:
            other = next(name for name, value in self.settings.items() if made_with.get(name) != value)
            raise JobError(
                f"The checkpoints in {self.checkpoints.folder} are of another training: {other} was "
                f"{made_with.get(other)!r} and is {self.settings[other]!r}. Give another folder."
            )
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress(**json.loads(state["progress"]))

    def _train(self, model: nn.Module) -> None:
        """Takes the steps that are left of the epoch."""
        progress, first = self.progress, self.progress.step
        shares = list(self.steps.shares(progress.epoch, first, self.rank, self.ranks))
        loader = DataLoader(
            self.images,
            batch_sampler=[share.records for share in shares],
            num_workers=self.args.readers,
            collate_fn=image_folder.stacked,
        )
        model.train()
        loss, begun = torch.zeros((), device=self.device), time.perf_counter()
        saved, told = begun, begun
        for share, (images, labels) in zip(shares, loader, strict=True):
            mean = self._step(model, *tensors(images, labels, self.device), share.weight)
            loss += mean * share.count
            progress.step += 1
            now = time.perf_counter()
            if (progress.epoch * self.steps.count + progress.step) % self.args.checkpoint_steps == 0:
                self._add(loss, now - saved)
                self._save()
                loss, saved = torch.zeros_like(loss), now
            if self.rank == 0 and now - told > PROGRESS_SECONDS:
                speed = (progress.step - first) * self.args.batch_size / (now - begun)
                print(
                    f"epoch:{progress.epoch + 1} step:{progress.step} of:{self.steps.count} "
                    f"images-per-second:{speed:.1f}",
                    flush=True,
                )
                told = now
        self._add(loss, time.perf_counter() - saved)

    def _step(self, model: nn.Module, images: Tensor, labels: Tensor, weight: float) -> Tensor:
        """Takes a step; the mean loss of this rank's records."""
        self.optimizer.zero_grad()
        mean = functional.cross_entropy(model(images), labels)
        (mean * weight).backward()
        self.optimizer.step()
        return mean.detach()

    def _add(self, loss: Tensor, seconds: float) -> None:
        [total] = summed(float(loss), device=self.device)
        self.progress.loss += total
        self.progress.seconds += seconds

    def _close_epoch(self) -> None:
        """Measures the network after an epoch, and keeps what came of it."""
        loss, accuracy = self._validate()
        done, records = self.progress, len(self.images)
        epoch = {
            "epoch": done.epoch + 1,
            "train_loss": done.loss / records,
            "validation_loss": loss,
            "validation_accuracy": accuracy,
            "records": records,
            "seconds": done.seconds,
            "world_size": self.ranks,
        }
        self.progress = Progress(done.epoch + 1, history=[*done.history, epoch])
        self._save()
        if self.rank == 0:
            print(
                f"epoch:{epoch['epoch']} train-loss:{epoch['train_loss']:.6g} "
                f"validation-loss:{loss:.6g} validation-accuracy:{accuracy:.6g} "
                f"epoch-seconds:{done.seconds:.3f}",
                flush=True,
            )

    @torch.no_grad()  # type: ignore[untyped-decorator]  # torch is in the job's image
    def _validate(self) -> tuple[float, float]:
        """Mean loss and accuracy over all images, of which every rank measures its share."""
        mine = list(range(self.rank, len(self.validation), self.ranks))
        size = max(1, self.args.batch_size // self.ranks)
        loader = DataLoader(
            self.validation,
            batch_sampler=[mine[start : start + size] for start in range(0, len(mine), size)],
            num_workers=self.args.readers,
            collate_fn=image_folder.stacked,
        )
        self.network.eval()
        loss = correct = 0.0
        for pixels, labels in loader:
            images, right = tensors(pixels, labels, self.device)
            logits = self.network(images)
            loss += float(functional.cross_entropy(logits, right, reduction="sum"))
            correct += int((logits.argmax(1) == right).sum())
        loss, correct = summed(loss, correct, device=self.device)
        return loss / len(self.validation), correct / len(self.validation)

    def _save(self) -> None:
        if self.rank != 0:
            return
        progress = self.progress
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": json.dumps(asdict(progress)),
            "settings": json.dumps(self.settings),
        }
        self.checkpoints.save(progress.epoch * self.steps.count + progress.step, state)

    def _leave(self) -> None:
        args, history = self.args, self.progress.history
        begun = starts.read(args.checkpoints)
        metrics = results.metrics(history, begun, self.args.epochs * self.steps.count)
        model = {
            "network": args.network,
            "channels": args.channels,
            "image_size": args.image_size,
            "classes": self.classes,
            "state": {name: value.cpu() for name, value in self.network.state_dict().items()},
        }
        left = results.Results(model, history, metrics)
        left.upload(args.output, args.checkpoints, args.kms_key)
        write(metrics, args.metrics, args.kms_key)
        print(f"final-accuracy:{metrics['accuracy']:.6g} restarts:{metrics['restarts']}", flush=True)


def parser() -> argparse.ArgumentParser:
    """All flags."""
    result = argparse.ArgumentParser(description="Trains a network on images, one rank of many.")
    add = result.add_argument
    add("--data", type=Path, required=True, help="folder of the data set, on the shared volume")
    add("--checkpoints", type=Path, required=True, help="folder of this training, on the shared volume")
    add("--output", type=location, required=True, help="s3://bucket/prefix of the model")
    add("--metrics", type=location, required=True, help="s3://bucket/key of the metrics")
    add("--kms-key", help="that encrypts both")
    add("--network", choices=networks.NAMES, default="small")
    add("--channels", type=int, choices=(1, 3), default=3, help="1 for grey images")
    add("--image-size", type=number(int, 0, 4096), default=0, help="pixels of a side; 0 as they are")
    add("--epochs", type=number(int, 1, 10_000), required=True)
    add("--batch-size", type=number(int, 1, 1_000_000), required=True, help="of all ranks together")
    add("--learning-rate", type=number(float, 0, above=True), default=0.1)
    add("--momentum", type=number(float, 0, 1, below=True), default=0.9)
    add("--weight-decay", type=number(float, 0), default=0.0)
    add("--seed", type=number(int, 0, 2**31 - 1), default=42)
    add("--checkpoint-steps", type=number(int, 1), default=100)
    add("--readers", type=number(int, 0, 64), default=4, help="processes of each rank that read images")
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one rank; returns the exit code."""
    args = parser().parse_args(argv)

    def work() -> None:
        with process_group.joined() as device:
            if os.environ.get("LOCAL_RANK") == "0":
                with utilisation.sampled(args.checkpoints):
                    Trainer(args, device).run()
            else:
                Trainer(args, device).run()

    return refusals.run(work, args)


if __name__ == "__main__":
    sys.exit(main())
