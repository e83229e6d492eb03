"""Predicts the income of census rows that the model has not seen.

Input: the folder with ``model.tar.gz``, that of the features and that of the rows they were made of.

Output, under ``--output``:

- ``predictions.csv``: with a header; the groups and categories of each row as they came in, ``income`` and
  ``predicted_income``, each 1 or 0, and the features
- ``metrics.json``: ``accuracy``, ``roc_auc``, ``rows``
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, roc_auc_score

from booster_rows import load_model, predict_rows
from bounds import number
from columns import GROUPS, LABEL, ONE_HOT
from documents import write_json
from failure import JobError, run_job
from feature_files import both_classes, read_features, read_rows

PREDICTED = f"predicted_{LABEL}"


def predict(
    model: Path, features: Path, rows: Path, threshold: float
) -> tuple[pd.DataFrame, dict[str, float]]:
    """The table of predictions, and how good they are; probabilities over the threshold are a high income.

    Raises:
        JobError: the model cannot be read, or the features, the rows and the model do not fit each other.
    """
    table, kept = read_features(features), read_rows(rows)
    names = [name for name in table if name != LABEL]
    both_classes(table[LABEL], "test rows")
    if len(table) != len(kept):
        raise JobError(f"There are features of {len(table)} rows, but {len(kept)} rows.")
    probabilities = predict_rows(load_model(model), table[[LABEL, *names]].to_numpy(np.float32))
    truth, predicted = table[LABEL].to_numpy() == 1, probabilities > threshold
    groups = kept[[name for name in (*GROUPS, *ONE_HOT) if name in kept]]
    labels = pd.DataFrame({LABEL: truth.astype(int), PREDICTED: predicted.astype(int)})
    metrics = {
        "rows": len(table),
        "accuracy": float(accuracy_score(truth, predicted)),
        "roc_auc": float(roc_auc_score(truth, probabilities)),
    }
    return pd.concat([groups, labels, table[names]], axis=1), metrics


def run(args: argparse.Namespace) -> None:
    """Predicts and writes.

    Raises:
        JobError: see `predict`.
    """
    table, metrics = predict(args.model, args.features, args.rows, args.threshold)
    write_json(args.output / "metrics.json", metrics)
    table.to_csv(args.output / "predictions.csv", index=False)
    print(json.dumps(metrics))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Predicts the income of census rows.")
    add = parser.add_argument
    add("--model", type=Path, required=True, help="folder with model.tar.gz")
    add("--features", type=Path, required=True, help="folder with features.csv")
    add("--rows", type=Path, required=True, help="folder with rows.csv, of the same rows")
    add("--threshold", type=number(float, 0, 1), default=0.5, help="of the probability of a high income")
    add("--output", type=Path, required=True, help="folder for predictions and metrics")
    args = parser.parse_args(argv)
    return run_job(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
