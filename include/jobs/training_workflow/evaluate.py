"""Measures the model on the test rows: over everyone, or by the groups of one column.

Output, under ``--output``:

- ``metrics.json``: flat numbers; by groups, their names begin with the column's
- ``report.json``: scikit-learn's classification report, or the measures of each group
- ``curves.png`` for everyone (ROC, confusion), ``groups.png`` for the groups of a column
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from sklearn.metrics import (
    accuracy_score,
    classification_report,
    confusion_matrix,
    roc_auc_score,
    roc_curve,
)

from columns import CLASSES, EVERYONE, LABEL
from failure import JobError, run_job
from feature_files import both_classes, read_features, read_rows
from model import Array, LinearModel

mpl.use("Agg")
from matplotlib import pyplot as plt

THRESHOLD = 0.5
MOST_GROUPS = 25
FEWEST_ROWS = 30
"""Smaller groups are reported but are never the worst one: a handful of rows says little."""
BLUE, ORANGE, GREY = "#1f6f8b", "#e07a3f", "#555555"


def evaluate(model: Path, features: Path, rows: Path, output: Path, by: str) -> dict[str, float]:
    """Measures, draws and writes; returns the metrics.

    Raises:
        JobError: the model or the rows cannot be read, do not fit each other, or have no such column.
    """
    output.mkdir(parents=True, exist_ok=True)
    table = read_features(features)
    both_classes(table[LABEL], "test rows")
    truth = table[LABEL].to_numpy().astype(int)
    probabilities = LinearModel.read(model).probabilities(table)
    if by == EVERYONE:
        metrics, report = of_everyone(truth, probabilities)
        plot_curves(truth, probabilities, metrics, output / "curves.png")
    else:
        groups = of_groups(truth, probabilities, column(read_rows(rows), by))
        metrics, report = summary(groups, by), json.loads(groups.to_json(orient="index"))
        plot_groups(groups, by, roc_auc_score(truth, probabilities), output / "groups.png")
    (output / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    (output / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    return metrics


def of_everyone(truth: Array, probabilities: Array) -> tuple[dict[str, float], dict[str, Any]]:
    """Flat metrics, and the classification report."""
    predicted = (probabilities > THRESHOLD).astype(int)
    report = classification_report(
        truth, predicted, target_names=list(CLASSES), output_dict=True, zero_division=0
    )
    high = report[list(CLASSES)[1]]
    metrics = {
        "accuracy": float(accuracy_score(truth, predicted)),
        "roc_auc": float(roc_auc_score(truth, probabilities)),
        "precision": float(high["precision"]),
        "recall": float(high["recall"]),
        "rows_tested": len(truth),
    }
    return metrics, report


def column(rows: pd.DataFrame, name: str) -> "pd.Series[str]":
    """The column whose groups are asked for.

    Raises:
        JobError: the test rows have no such column.
    """
    if name not in rows:
        raise JobError(
            f"The test rows have no column {name!r} to evaluate by; they have {', '.join(rows.columns)}."
        )
    return rows[name].astype(str)


def of_groups(truth: Array, probabilities: Array, groups: "pd.Series[str]") -> pd.DataFrame:
    """Rows, accuracy and ROC AUC of each group, the largest first; no AUC where a class is missing."""
    table = pd.DataFrame({"group": groups.to_numpy(), "truth": truth, "probability": probabilities})
    found = {name: _of_group(part) for name, part in table.groupby("group")}
    result = pd.DataFrame.from_dict(found, orient="index").sort_index()
    return result.sort_values("rows", ascending=False, kind="stable")


def _of_group(part: pd.DataFrame) -> dict[str, float]:
    both = part["truth"].nunique() > 1
    return {
        "rows": len(part),
        "positive_fraction": float(part["truth"].mean()),
        "accuracy": float(accuracy_score(part["truth"], part["probability"] > THRESHOLD)),
        "roc_auc": float(roc_auc_score(part["truth"], part["probability"])) if both else float("nan"),
    }


def summary(groups: pd.DataFrame, by: str) -> dict[str, float]:
    """The worst of the groups that are large enough, as flat numbers; a measure that none has is left out."""
    large = groups[groups["rows"] >= FEWEST_ROWS]
    numbers = {
        f"{by}_groups": len(groups),
        f"{by}_worst_accuracy": float(large["accuracy"].min()),
        f"{by}_worst_roc_auc": float(large["roc_auc"].min()),
    }
    return {name: value for name, value in numbers.items() if np.isfinite(value)}


def plot_curves(truth: Array, probabilities: Array, metrics: dict[str, float], path: Path) -> None:
    """The ROC curve on the left, the confusion matrix on the right."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    false_rate, true_rate, _ = roc_curve(truth, probabilities)
    left.plot(false_rate, true_rate, color=BLUE, label=f"model: AUC {metrics['roc_auc']:.3f}")
    left.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="chance")
    left.set(xlabel="false positive rate", ylabel="true positive rate", aspect="equal")
    left.set_title(f"ROC curve, {len(truth):,} test rows", loc="left")
    left.grid(alpha=0.25)
    left.legend(frameon=False, loc="lower right")
    left.spines[["top", "right"]].set_visible(False)
    counts = confusion_matrix(truth, probabilities > THRESHOLD, labels=[0, 1])
    right.imshow(counts, cmap="Blues")
    for (row, col), count in np.ndenumerate(counts):
        dark = count > counts.max() / 2
        right.text(col, row, f"{count:,}", ha="center", va="center", color="white" if dark else "black")
    right.set(xticks=[0, 1], yticks=[0, 1], xticklabels=CLASSES, yticklabels=CLASSES)
    right.set(xlabel=f"predicted {LABEL}", ylabel=f"true {LABEL}")
    right.set_title(f"Accuracy {metrics['accuracy']:.3f}", loc="left")
    figure.savefig(path, dpi=120, metadata={"Software": None})
    plt.close(figure)


def plot_groups(groups: pd.DataFrame, by: str, overall: float, path: Path) -> None:
    """ROC AUC and accuracy of the largest groups, largest on top."""
    shown = groups.head(MOST_GROUPS)[::-1]
    labels = [f"{name} ({int(count):,})" for name, count in shown["rows"].items()]
    figure, axes = plt.subplots(figsize=(9, 0.34 * len(shown) + 1.6), layout="constrained")
    axes.scatter(shown["roc_auc"], labels, color=BLUE, label="ROC AUC", zorder=3)
    axes.scatter(shown["accuracy"], labels, color=ORANGE, marker="s", label="accuracy", zorder=3)
    axes.axvline(overall, color=BLUE, linestyle="--", linewidth=1, label=f"ROC AUC of all, {overall:.3f}")
    axes.set(xlim=(0, 1.02), ylim=(-0.6, len(shown) - 0.4), xlabel="on the test rows")
    more = f"; the largest {len(shown)} of {len(groups)}" if len(groups) > len(shown) else ""
    axes.set_title(f"By {by} (rows){more}", loc="left")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    figure.savefig(path, dpi=120, metadata={"Software": None})
    plt.close(figure)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measures the model on the test rows.")
    add = parser.add_argument
    add("--model", type=Path, required=True, help="folder with model.tar.gz")
    add("--features", type=Path, required=True, help="folder with the test features")
    add("--rows", type=Path, required=True, help="folder with the test rows, for their groups")
    add("--by", default=EVERYONE, help=f"column whose groups are measured, or {EVERYONE!r}")
    add("--output", type=Path, required=True, help="folder for metrics, report and picture")
    args = parser.parse_args(argv)
    return run_job(
        lambda: print(json.dumps(evaluate(args.model, args.features, args.rows, args.output, args.by)))
    )


if __name__ == "__main__":
    sys.exit(main())
