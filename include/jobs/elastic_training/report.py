"""Makes one page of an elastic training: how it learnt, what its devices did, how it scales.

Input, below ``--input``; whatever was not measured is not there, and its section is left out:

- ``training/history.json``: of each epoch ``epoch``, ``train_loss``, ``validation_accuracy``, ``seconds``,
  ``world_size``; ``training/metrics.json``: ``accuracy``
- ``training/utilisation/<pod>.csv``: ``time`` (seconds since 1970), ``device``, ``percent``
- ``preflight/metrics.json``: ``average_gb_per_second``, ``maximum_gb_per_second``, ``ranks``, ``backend``,
  ``adapters``, ``provider``; ``sizes``: of each size its ``bytes`` and ``bus_gb_per_second``
- ``scaling/<workers>/metrics.json``: ``mean_epoch_seconds``, ``world_sizes``

Output, under ``--output``: ``metrics.json``, flat numbers; ``report.html``, which needs no other file, and
its pictures as PNG.
"""

import argparse
import csv
import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plots
from documents import parsed, write_json
from failure import JobError, run_job
from pages import render

TEMPLATE = Path(__file__).with_name("elastic_report.html")
ARTICLE = ((4, "efa", 8.24, 42.04), (1, "efa", 3.02, 5.89), (0, "socket", 0.97, 2.38))
"""EFA adapters of p4d.24xlarge, NCCL's provider, average and maximum bus bandwidth in GB/s.

https://aws.amazon.com/blogs/machine-learning/distributed-training-with-amazon-eks-and-torch-distributed-elastic/
"""

OF_TRAINING = ("accuracy", "steps", "restarts", "seconds", "images_per_second")
"""Told once more: in the summary of a run those of the scaling come after them."""

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Measured:
    """What is there to report.

    Attributes:
        history: a row for each epoch.
        training: metrics of the training.
        utilisation: device -> its samples, as Unix time and percent.
        preflight: metrics of the all-reduce before the training; empty without one.
        scaling: metrics of an epoch by replicas, the fewest first.
    """

    history: Sequence[Document]
    training: Document
    utilisation: Mapping[str, Sequence[tuple[float, float]]]
    preflight: Document
    scaling: Sequence[Document]

    @classmethod
    def below(cls, folder: Path) -> "Measured":
        """Reads what the jobs left.

        Raises:
            JobError: a file cannot be read, or there is none.
        """
        training, preflight = folder / "training", folder / "preflight"
        scaling = [_scaling(file) for file in (folder / "scaling").glob("*/metrics.json")]
        found = cls(
            history=_document(training / "history.json") or [],
            training=_document(training / "metrics.json") or {},
            utilisation=_utilisation(training / "utilisation"),
            preflight=_document(preflight / "metrics.json") or {},
            scaling=sorted(scaling, key=lambda each: int(each["replicas"])),
        )
        if not any(vars(found).values()):
            raise JobError("There is nothing to report: no training, no preflight, no scaling.")
        return found

    def ideal(self, replicas: float) -> float:
        """Seconds of an epoch of so many replicas, if they shared the work of the fewest evenly."""
        fewest = self.scaling[0]
        return float(fewest["epoch_seconds"] * fewest["replicas"] / replicas)

    def metrics(self) -> dict[str, float]:
        """Flat numbers: shares, GB/s, seconds and percent."""
        found = {name: self.training[name] for name in OF_TRAINING if name in self.training}
        if self.history:
            seconds = [row["seconds"] for row in self.history]
            found |= {"epochs": len(seconds), "mean_epoch_seconds": sum(seconds) / len(seconds)}
        if self.scaling:
            most = self.scaling[-1]
            efficiency = self.ideal(most["replicas"]) / most["epoch_seconds"]
            found |= {"scaling_replicas": most["replicas"], "scaling_efficiency": efficiency}
        for name in ("average_gb_per_second", "maximum_gb_per_second"):
            if name in self.preflight:
                found[name] = self.preflight[name]
        if samples := [percent for device in self.utilisation.values() for _, percent in device]:
            found["mean_utilisation_percent"] = sum(samples) / len(samples)
        return found

    def pictures(self) -> dict[str, bytes]:
        """PNG by name, of what was measured."""
        found = {}
        if self.history:
            found["training"] = plots.training(self.history)
        if self.utilisation:
            found["utilisation"] = plots.utilisation(self.utilisation)
        if self.preflight:
            found["bandwidth"] = plots.bandwidth(self.preflight)
        if self.scaling:
            found["scaling"] = plots.scaling(self.scaling, self.ideal)
        return found


def _document(file: Path) -> Any:
    """The content of a JSON file; None without one."""
    return parsed(file, lambda content: content, JobError) if file.is_file() else None


def _scaling(file: Path) -> Document:
    """How long an epoch of so many workers took."""
    metrics = _document(file)
    try:
        return {
            "replicas": int(file.parent.name),
            "ranks": metrics["world_sizes"][-1],
            "epoch_seconds": metrics["mean_epoch_seconds"],
        }
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise JobError(f"scaling/{file.parent.name} are no metrics of a training: {error}.") from error


def _utilisation(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """Samples by pod and device, in order of time."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as rows:
            try:
                for row in csv.DictReader(rows):
                    found[f"{file.stem} {row['device']}"].append((float(row["time"]), float(row["percent"])))
            except (KeyError, TypeError, ValueError) as error:
                raise JobError(
                    f"utilisation/{file.name} is no table of time, device, percent: {error}."
                ) from error
    return {device: sorted(samples) for device, samples in found.items()}


def report(folder: Path, output: Path) -> dict[str, float]:
    """Writes page, pictures and metrics; returns the metrics.

    Raises:
        JobError: a file cannot be read, or there is none.
    """
    measured = Measured.below(folder)
    metrics, pictures = measured.metrics(), measured.pictures()
    page = render(
        TEMPLATE,
        metrics=metrics,
        pictures=pictures,
        article=ARTICLE,
        ideal=measured.ideal,
        **vars(measured),
    )
    output.mkdir(parents=True, exist_ok=True)
    for name, content in pictures.items():
        (output / f"{name}.png").write_bytes(content)
    (output / "report.html").write_text(page, encoding="utf-8")
    write_json(output / "metrics.json", metrics)
    return metrics


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Makes a page of an elastic training.")
    parser.add_argument("--input", type=Path, required=True, help="folder of what the jobs measured")
    parser.add_argument("--output", type=Path, required=True, help="folder for page, pictures and metrics")
    args = parser.parse_args(argv)
    return run_job(lambda: print(json.dumps(report(args.input, args.output))))


if __name__ == "__main__":
    sys.exit(main())
