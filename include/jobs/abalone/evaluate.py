"""Measures a model, and the champion if there is one, on the same validation rows.

Output, under ``--output``:

- ``metrics.json``: ``rmse`` and ``mae`` (in rings), ``r2``, ``rows``; the champion's with ``champion_``
- ``model.json``: SHA-256 of the models, and why the champion could not be compared, if it could not
- ``residuals.png``: predictions and residuals of both

``--predictions`` names a folder for ``predictions.csv``, the rows with the new model's predictions.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

from booster_rows import Array, load_model, of_champion, predict, read_rows, row_files
from documents import write_json
from failure import run_job
from predictions import write_predictions

mpl.use("Agg")
from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_DRAWN = 5_000
"""Points of a model in the picture: more are a blot, and take minutes to draw."""


# --- measures ------------------------------------------------------------------------------------------


def measures(truth: Array, predicted: Array, prefix: str = "") -> dict[str, float]:
    """RMSE and MAE in the label's unit, and R2: 0 where the truth does not vary."""
    residuals = np.subtract(truth, predicted, dtype=np.float64)
    spread = float(np.sum((truth - truth.mean(dtype=np.float64)) ** 2))
    r2 = 1 - float(np.sum(residuals**2)) / spread if spread else 0.0
    rmse, mae = float(np.sqrt(np.mean(residuals**2))), float(np.mean(np.abs(residuals)))
    return {f"{prefix}rmse": rmse, f"{prefix}mae": mae, f"{prefix}r2": r2}


# --- picture -------------------------------------------------------------------------------------------


def drawn(rows: int) -> "slice | NDArray[np.int64]":
    """Which rows are points: all, or as many as can be told apart, always the same ones."""
    if rows <= MOST_DRAWN:
        return slice(None)
    return np.random.default_rng(0).choice(rows, MOST_DRAWN, replace=False)


def plot(truth: Array, predictions: dict[str, Array], path: Path) -> None:
    """Predictions against the truth on the left, the distribution of all residuals on the right."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5.5), layout="constrained")
    colours = ("#1f6f8b", "#e07a3f")
    points = drawn(len(truth))
    # Rings are whole numbers.
    true = truth[points] + np.random.default_rng(0).uniform(-0.3, 0.3, truth[points].shape)
    for (name, predicted), colour in zip(
        reversed(predictions.items()), colours[len(predictions) - 1 :: -1], strict=True
    ):
        score = measures(truth, predicted)
        label = f"{name}: RMSE {score['rmse']:.3f}, MAE {score['mae']:.3f}, R² {score['r2']:.3f}"
        left.scatter(true, predicted[points], s=12, alpha=0.45, color=colour, linewidths=0, label=label)
        residuals = truth - predicted
        bins = np.arange(np.floor(residuals.min()) - 0.25, np.ceil(residuals.max()) + 0.5, 0.5)
        right.hist(residuals, bins, histtype="stepfilled", alpha=0.35, color=colour)
        right.hist(
            residuals,
            bins,
            histtype="step",
            color=colour,
            linewidth=1.5,
            label=f"{name}: mean {residuals.mean():+.3f}",
        )
    limits = (0, max(truth.max(), *(predicted.max() for predicted in predictions.values())) + 1)
    left.plot(limits, limits, color="#555555", linewidth=1, linestyle="--", label="perfect prediction")
    left.set(
        xlim=limits, ylim=limits, aspect="equal", xlabel="true rings (jittered)", ylabel="predicted rings"
    )
    shown = f", {len(true):,} of them shown" if len(true) < len(truth) else ""
    left.set_title(f"Predicted against true, {len(truth):,} validation rows{shown}")
    right.axvline(0, color="#555555", linewidth=1, linestyle="--")
    right.set(xlabel="residual: true minus predicted (rings)", ylabel="rows")
    right.set_title("Residuals")
    for axes in (left, right):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=9, loc="upper left" if axes is left else "upper right")
    figure.savefig(path, dpi=120, metadata={"Software": None})
    plt.close(figure)


# --- the job -------------------------------------------------------------------------------------------


def evaluate(
    model: Path, champion: Path | None, validation: Path, output: Path, rows: Path | None = None
) -> dict[str, float]:
    """Measures, draws and writes, to ``rows`` also each row with its prediction; returns the metrics.

    Raises:
        JobError: the model or the validation rows cannot be read, or do not fit each other; or rows that are
            to be written are not those of this pipeline.
    """
    output.mkdir(parents=True, exist_ok=True)
    files, challenger = row_files(validation), load_model(model)
    truth, predicted = predict(challenger, files)
    predictions = {"model": predicted}
    metrics = {"rows": len(truth), **measures(truth, predictions["model"])}
    identity = {"model_sha256": challenger.sha256}
    if champion:
        holder, about = of_champion(champion, lambda model: predict(model, files)[1])
        identity |= about
        if holder is not None:
            predictions["champion"] = holder
            metrics |= measures(truth, holder, "champion_")
    if rows:
        write_predictions(rows / "predictions.csv", with_predictions(files, predicted))
    plot(truth, predictions, output / "residuals.png")
    write_json(output / "metrics.json", metrics)
    write_json(output / "model.json", identity)
    return metrics


def with_predictions(files: Sequence[Path], predicted: Array) -> Iterator[tuple[Array, Array]]:
    """The rows of each file, and their predictions out of those of all files."""
    done = 0
    for rows in map(read_rows, files):
        yield rows, predicted[done : done + len(rows)]
        done += len(rows)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measures a model and the champion on validation rows.")
    parser.add_argument("--model", type=Path, required=True, help="folder with the new model.tar.gz")
    parser.add_argument("--champion", type=Path, help="folder with the model.tar.gz that serves now")
    parser.add_argument("--validation", type=Path, required=True, help="folder of CSV rows, label first")
    parser.add_argument("--output", type=Path, required=True, help="folder for metrics and picture")
    parser.add_argument("--predictions", type=Path, help="folder for the rows with their predictions")
    args = parser.parse_args(argv)
    return run_job(
        lambda: print(
            json.dumps(evaluate(args.model, args.champion, args.validation, args.output, args.predictions))
        )
    )


if __name__ == "__main__":
    sys.exit(main())
