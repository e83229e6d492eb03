"""What a training leaves in S3."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import objects
import starts
import utilisation
from locations import write
from objects import Location


def metrics(history: list[dict[str, Any]], begun: list[starts.Start], steps: int) -> dict[str, Any]:
    """Of a whole training, over all of its starts."""
    seconds = [float(epoch["seconds"]) for epoch in history]
    return {
        "accuracy": history[-1]["validation_accuracy"],
        "epochs": len(history),
        "steps": steps,
        "world_sizes": [start.world_size for start in begun],
        "restarts": len(begun) - 1,
        "seconds": round(time.time() - begun[0].time, 1),
        "mean_epoch_seconds": sum(seconds) / len(seconds),
        "images_per_second": sum(epoch["records"] for epoch in history) / sum(seconds),
    }


@dataclass(frozen=True)
class Results:
    """What comes of a training.

    Attributes:
        model: what the network is made with, and ``state``, its weights.
        history: of each epoch.
        metrics: of all of it.
    """

    model: dict[str, Any]
    history: list[dict[str, Any]]
    metrics: dict[str, Any]

    def upload(self, output: Location, checkpoints: Path, kms_key: str | None) -> None:
        """Writes it, and the utilisation of all pods, below a prefix.

        Args:
            output: the prefix.
            checkpoints: the folder of the training.
            kms_key: that encrypts it; None for the bucket's own.
        """
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "model.pt")
            torch.save(self.model, file)
            _upload(file, output.child(file.name), kms_key)
        write(self.history, output.child("history.json"), kms_key)
        write(self.metrics, output.child("metrics.json"), kms_key)
        for file in sorted((checkpoints / utilisation.FOLDER).glob("*.csv")):
            _upload(file, output.child(f"{utilisation.FOLDER}/{file.name}"), kms_key)


def _upload(file: Path, target: Location, kms_key: str | None) -> None:
    """A file of any size."""
    encryption = objects.encryption(kms_key)
    objects.client().upload_file(str(file), target.bucket, target.key, ExtraArgs=encryption)
