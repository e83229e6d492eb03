"""Measures a model, and the champion if there is one, on the same validation rows.

Output, under ``--output``:

- ``metrics.json``: ``rmse`` and ``mae`` (in rings), ``r2``, ``rows``; the champion's with ``champion_``
- ``model.json``: SHA-256 of the models, and why the champion could not be compared, if it could not
- ``residuals.png``: predictions and residuals of both
"""

import argparse
import hashlib
import json
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import matplotlib as mpl
import numpy as np
import pandas as pd
import xgboost as xgb
from numpy.typing import NDArray

from failure import report_failure

mpl.use("Agg")
from matplotlib import pyplot as plt

MODEL = "xgboost-model"
Array: TypeAlias = NDArray[np.float64]


class EvaluationError(Exception):
    """The model cannot be measured. The message is one sentence for the user."""


@dataclass(frozen=True)
class Model:
    """A booster and the digest of its file."""

    booster: xgb.Booster
    sha256: str


# --- in ------------------------------------------------------------------------------------------------


def load_model(folder: Path) -> Model:
    """The model of ``model.tar.gz`` in ``folder``. Nothing is unpickled, and nothing leaves the archive.

    Raises:
        EvaluationError: there is no archive, it has no model, or XGBoost cannot read it.
    """
    archive = folder / "model.tar.gz"
    with TemporaryDirectory() as scratch:
        try:
            with tarfile.open(archive) as tar:
                member = next((item for item in tar if Path(item.name) == Path(MODEL)), None)
                if member is None or not member.isfile():
                    raise EvaluationError(f"{archive.name} holds no file {MODEL!r}.")
                tar.extract(member, scratch, filter="data")
        except (OSError, tarfile.TarError) as error:
            raise EvaluationError(f"{archive.name} in {folder.name!r} cannot be read: {error}.") from error
        content = (Path(scratch) / MODEL).read_bytes()
    try:
        booster = xgb.Booster(model_file=bytearray(content))
    except (xgb.core.XGBoostError, ValueError) as error:
        raise EvaluationError(f"{MODEL!r} is not in XGBoost's own format (UBJSON or JSON).") from error
    return Model(booster, hashlib.sha256(content).hexdigest())


def read_rows(folder: Path) -> Array:
    """Rows of shape (rows, 1 + features), the label first.

    Raises:
        EvaluationError: there are no rows, or they are not numbers.
    """
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size]
    parts = [path for path in files if not path.name.startswith((".", "_"))]
    if not parts:
        raise EvaluationError(f"There are no validation rows in {folder}: expected CSV files.")
    try:
        frames = [pd.read_csv(path, header=None, dtype=np.float32) for path in parts]
        rows: Array = pd.concat(frames).to_numpy(np.float64)
        return rows
    except ValueError as error:
        raise EvaluationError(f"The validation rows are not headerless CSV of numbers: {error}.") from error


# --- measures ------------------------------------------------------------------------------------------


def predict(model: Model, rows: Array) -> Array:
    """One prediction a row.

    Raises:
        EvaluationError: the model was trained on another number of features.
    """
    given, wanted = rows.shape[1] - 1, model.booster.num_features()
    if given != wanted:
        raise EvaluationError(f"The model takes {wanted} features, the validation rows have {given}.")
    # Feature names, which a model may carry, say nothing about columns of a CSV file without a header.
    return np.asarray(model.booster.predict(xgb.DMatrix(rows[:, 1:]), validate_features=False), np.float64)


def measures(truth: Array, predicted: Array, prefix: str = "") -> dict[str, float]:
    """RMSE and MAE in the label's unit, and R2: 0 where the truth does not vary."""
    residuals = truth - predicted
    spread = float(np.sum((truth - truth.mean()) ** 2))
    r2 = 1 - float(np.sum(residuals**2)) / spread if spread else 0.0
    rmse, mae = float(np.sqrt(np.mean(residuals**2))), float(np.mean(np.abs(residuals)))
    return {f"{prefix}rmse": rmse, f"{prefix}mae": mae, f"{prefix}r2": r2}


# --- picture -------------------------------------------------------------------------------------------


def plot(truth: Array, predictions: dict[str, Array], path: Path) -> None:
    """Predictions against the truth on the left, the distribution of residuals on the right."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5.5), layout="constrained")
    colours = ("#1f6f8b", "#e07a3f")
    jitter = np.random.default_rng(0).uniform(-0.3, 0.3, truth.shape)  # rings are whole numbers
    for (name, predicted), colour in zip(
        reversed(predictions.items()), colours[len(predictions) - 1 :: -1], strict=True
    ):
        score = measures(truth, predicted)
        label = f"{name}: RMSE {score['rmse']:.3f}, MAE {score['mae']:.3f}, R² {score['r2']:.3f}"
        left.scatter(truth + jitter, predicted, s=12, alpha=0.45, color=colour, linewidths=0, label=label)
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
    left.set_title(f"Predicted against true, {len(truth):,} validation rows")
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


def evaluate(model: Path, champion: Path | None, validation: Path, output: Path) -> dict[str, float]:
    """Measures, draws and writes; returns the metrics.

    A champion that cannot be measured on these rows is reported, not fatal: it must not keep a good
    model from serving.

    Raises:
        EvaluationError: the model or the validation rows cannot be read, or do not fit each other.
    """
    output.mkdir(parents=True, exist_ok=True)
    rows = read_rows(validation)
    truth, challenger = rows[:, 0], load_model(model)
    predictions = {"model": predict(challenger, rows)}
    metrics = {"rows": len(rows), **measures(truth, predictions["model"])}
    identity = {"model_sha256": challenger.sha256}
    if champion:
        try:
            holder = load_model(champion)
            predictions["champion"] = predict(holder, rows)
            metrics |= measures(truth, predictions["champion"], "champion_")
            identity["champion_sha256"] = holder.sha256
        except EvaluationError as error:
            identity["champion_incomparable"] = f"The champion cannot be compared: {error}"
            print(identity["champion_incomparable"])
    plot(truth, predictions, output / "residuals.png")
    (output / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    (output / "model.json").write_text(json.dumps(identity, indent=2) + "\n")
    return metrics


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measures a model and the champion on validation rows.")
    parser.add_argument("--model", type=Path, required=True, help="folder with the new model.tar.gz")
    parser.add_argument("--champion", type=Path, help="folder with the model.tar.gz that serves now")
    parser.add_argument("--validation", type=Path, required=True, help="folder of CSV rows, label first")
    parser.add_argument("--output", type=Path, required=True, help="folder for metrics and picture")
    args = parser.parse_args(argv)
    try:
        print(json.dumps(evaluate(args.model, args.champion, args.validation, args.output)))
    except EvaluationError as error:
        report_failure(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
