"""Measures a model, and the champion if there is one, on images that nobody trained on.

Output, under ``--output``: ``metrics.json``, flat numbers; ``report.html`` with the loss of each epoch, which
classes are taken for which, and images that the model gets wrong.
"""

import argparse
import io
import json
import pickle
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import training_report
from archive import member
from batches import Batch, batches, decoded
from bounds import number
from documents import write_json
from failure import JobError, run_job
from small_network import SmallNetwork
from sources import folder

SHAPE, WEIGHTS, HISTORY = "model.json", "model.pt", "history.json"
MOST_SHOWN = 24
IMAGES_AT_ONCE = 256


@dataclass(frozen=True)
class Model:
    """A model that a job left, what images it takes, and how it was trained."""

    network: SmallNetwork
    channels: int
    classes: int
    history: list[dict[str, float]]

    @classmethod
    def of(cls, archive: Path) -> "Model":
        """Reads ``model.tar.gz`` in a folder.

        Raises:
            JobError: it cannot be read, or is of another pipeline.
        """
        file = archive / "model.tar.gz"
        content = {name: member(file, name) for name in (SHAPE, WEIGHTS, HISTORY)}
        try:
            shape, history = json.loads(content[SHAPE]), json.loads(content[HISTORY])
            network = SmallNetwork(shape["image_channels"], shape["classes"])
            # Tensors only: a model is data, and is not to run anything.
            network.load_state_dict(torch.load(io.BytesIO(content[WEIGHTS]), weights_only=True))
        except (ValueError, KeyError, RuntimeError, pickle.UnpicklingError) as error:
            raise JobError(f"{archive.name} holds no model of this pipeline: {error}.") from error
        network.eval()
        return cls(network, shape["image_channels"], shape["classes"], history)


@dataclass(frozen=True)
class Found:
    """What a model makes of images.

    Attributes:
        confusion: images of shape (classes, classes), by their class and the likeliest one.
        wrong: some images that it gets wrong: pixels, class, the likeliest one.
    """

    confusion: NDArray[np.int64]
    wrong: list[tuple[NDArray[np.float32], int, int]]

    @property
    def accuracy(self) -> float:
        """Share of the images whose likeliest class is theirs."""
        return float(np.trace(self.confusion) / self.confusion.sum())


def measure(model: Model, found: Iterator[Batch]) -> Found:
    """Asks the model about every image."""
    confusion = np.zeros((model.classes, model.classes), dtype=np.int64)
    wrong: list[tuple[NDArray[np.float32], int, int]] = []
    for batch in found:
        with torch.no_grad():
            likeliest = model.network(batch.images).argmax(1).numpy()
        labels = batch.labels.numpy()
        np.add.at(confusion, (labels, likeliest), 1)
        for index in np.flatnonzero(labels != likeliest)[: MOST_SHOWN - len(wrong)]:
            pixels = batch.images[index].permute(1, 2, 0).numpy()
            wrong.append((pixels, int(labels[index]), int(likeliest[index])))
    return Found(confusion, wrong)


def evaluate(archive: Path, records: Path, champion: Path | None, output: Path) -> dict[str, float]:
    """Runs the job and returns its metrics.

    Raises:
        JobError: a model or a record cannot be read, or there is no record.
    """
    model = Model.of(archive)
    found = measure(model, _batches(records, model))
    metrics = {"accuracy": found.accuracy, "images": float(found.confusion.sum())}
    if champion:
        other = Model.of(champion)
        if (other.channels, other.classes) == (model.channels, model.classes):
            metrics["champion_accuracy"] = measure(other, _batches(records, other)).accuracy
        else:
            print("The champion is of images with other classes or colours: it is not compared with.")
    write_json(output / "metrics.json", metrics)
    report = training_report.page(metrics, model.history, found.confusion, found.wrong)
    (output / "report.html").write_text(report, encoding="utf-8")
    return metrics


def _batches(records: Path, model: Model) -> Iterator[Batch]:
    payloads = (payload for _, payload in folder(records)())
    return batches(decoded(payloads, model.channels, model.classes), IMAGES_AT_ONCE)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measures a model on images that nobody trained on.")
    add = parser.add_argument
    add("--model", type=Path, required=True, help="folder with the model's archive")
    add("--champion", type=Path, help="folder with the champion's archive")
    add("--records", type=Path, required=True, help="folder of TFRecord files of images")
    add("--output", type=Path, required=True, help="folder for metrics and report")
    add("--threads", type=number(int, 1, 1024), help="of the processor; all of them if not given")
    args = parser.parse_args(argv)
    if args.threads:
        torch.set_num_threads(args.threads)
    return run_job(lambda: print(json.dumps(evaluate(args.model, args.records, args.champion, args.output))))


if __name__ == "__main__":
    sys.exit(main())
