"""Measures a model, and the champion if there is one, on the shots of the matches held out.

Output, under ``--output``:

- ``metrics.json``: ``test_shots``, ``test_goals``, ``expected_goals``, ``auc``, ``log_loss``, ``brier``,
  ``calibration_error``, ``calibration_p``, ``penalties``, and if there are any ``penalty_xg``, their mean
  chance, and ``penalty_goals``, the share that went in; what is measured of the champion begins with
  ``champion_``
- ``calibration.json``, ``calibration.png``: chances and shares of goals in ten bins
- ``model.json``: SHA-256 of the models, and why the champion could not be compared, if it could not
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

import calibration
from booster_rows import Array, load_model, of_champion, predict_rows, read_rows, row_files
from documents import write_json
from failure import JobError, run_job
from figures import GRID, axes, png
from shot_features import FEATURES

PENALTY = 1 + FEATURES.index("penalty")
"""Its column; the label is the first."""
COLOURS = {"model": "#1f6feb", "champion": "#bc4c00"}


def read(folder: Path) -> Array:
    """The rows (shots, 1 + features), the label first.

    Raises:
        JobError: there are none, they are not numbers, or only goals, or none.
    """
    parts = [read_rows(path) for path in row_files(folder)]
    if {part.shape[1] for part in parts} != {1 + len(FEATURES)}:
        raise JobError(f"The rows of {folder} are not a label and {len(FEATURES)} features.")
    rows = np.concatenate(parts)
    if len(np.unique(rows[:, 0])) < 2:  # noqa: PLR2004
        raise JobError(f"The {len(rows)} shots held out are all goals, or none is: give more matches.")
    return rows


def measures(goals: Array, chances: Array) -> dict[str, float]:
    """How well chances tell goals from other shots, and whether they come true."""
    found = calibration.bins(goals, chances)
    return {
        "expected_goals": float(chances.sum(dtype=np.float64)),
        "auc": float(roc_auc_score(goals, chances)),
        "log_loss": float(log_loss(goals, chances)),
        "brier": float(brier_score_loss(goals, chances)),
        "calibration_error": calibration.error(found),
        "calibration_p": calibration.p_value(found),
    }


def penalties(rows: Array, chances: Array) -> dict[str, float]:
    """Their number and, if there are any, how likely they were and how many went in."""
    chosen = rows[:, PENALTY] > 0
    if not chosen.any():
        return {"penalties": 0}
    return {
        "penalties": int(chosen.sum()),
        "penalty_xg": float(chances[chosen].mean(dtype=np.float64)),
        "penalty_goals": float(rows[chosen, 0].mean(dtype=np.float64)),
    }


def plot(goals: Array, chances: dict[str, Array]) -> bytes:
    """Predicted chances and shares of goals with their intervals; on the diagonal they agree."""
    figure, plot = axes("Does a chance come true?", width=6.4, height=5.2)
    for name, predicted in chances.items():
        found = calibration.bins(goals, predicted)
        x, y = [each.predicted for each in found], [each.observed for each in found]
        ends = [[each.observed - each.low for each in found], [each.high - each.observed for each in found]]
        plot.errorbar(x, y, yerr=ends, fmt="o-", capsize=3, color=COLOURS[name], label=name)
    most = plot.get_xlim()[1]
    plot.plot([0, most], [0, most], color=GRID, linestyle="--", linewidth=1)
    plot.set(
        xlabel="predicted chance", ylabel="share of goals, 95 % interval", xlim=(0, most), ylim=(0, None)
    )
    plot.legend(frameon=False, loc="upper left")
    return png(figure)


def evaluate(model: Path, champion: Path | None, test: Path, output: Path) -> dict[str, float]:
    """Measures, draws and writes; returns the metrics.

    Raises:
        JobError: the model or the rows cannot be read, or do not fit each other.
    """
    rows, challenger = read(test), load_model(model)
    goals, chances = rows[:, 0], {"model": predict_rows(challenger, rows)}
    metrics = {"test_shots": len(rows), "test_goals": int(goals.sum()), **measures(goals, chances["model"])}
    metrics |= penalties(rows, chances["model"])
    identity = {"model_sha256": challenger.sha256}
    if champion:
        holder, about = of_champion(champion, lambda model: predict_rows(model, rows))
        identity |= about
        if holder is not None:
            chances["champion"] = holder
            metrics |= {f"champion_{name}": value for name, value in measures(goals, holder).items()}
    table = {name: [asdict(each) for each in calibration.bins(goals, one)] for name, one in chances.items()}
    write_json(output / "calibration.json", table)
    (output / "calibration.png").write_bytes(plot(goals, chances))
    write_json(output / "model.json", identity)
    write_json(output / "metrics.json", metrics)
    return metrics


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measures a model and the champion on shots held out.")
    add = parser.add_argument
    add("--model", type=Path, required=True, help="folder with the new model.tar.gz")
    add("--champion", type=Path, help="folder with the model.tar.gz that serves now")
    add("--test", type=Path, required=True, help="folder of CSV rows, label first")
    add("--output", type=Path, required=True, help="folder for metrics and picture")
    args = parser.parse_args(argv)
    return run_job(lambda: print(json.dumps(evaluate(args.model, args.champion, args.test, args.output))))


if __name__ == "__main__":
    sys.exit(main())
