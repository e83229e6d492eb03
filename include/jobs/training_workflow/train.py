"""Trains a logistic regression on the selected features: a script for SageMaker's script mode.

Channels: ``train`` (label and features, named), ``selection`` (``selected.json``) and ``encoder``
(``encoder.json``). Classes count alike, however rare one is. Leaves ``model.json`` and ``encoder.json``, so
that the archive alone is enough to predict; the same rows and settings give the same model.
"""

import argparse
import json
import os
import shutil
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss

from bounds import number
from columns import LABEL
from failure import JobError, run_job
from feature_files import both_classes, read_features
from model import LinearModel


def fit(
    table: pd.DataFrame, features: Sequence[str], *, c: float, max_iter: int, seed: int
) -> tuple[LinearModel, dict[str, float]]:
    """The model, and its metrics on the rows it was trained on."""
    regression = LogisticRegression(
        C=c, max_iter=max_iter, class_weight="balanced", solver="lbfgs", random_state=seed
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        regression.fit(table[list(features)], table[LABEL])
    converged = not any(issubclass(item.category, ConvergenceWarning) for item in caught)
    if not converged:
        print(f"Not converged after {max_iter} iterations: the model is used as it is; raise max_iter.")
    model = LinearModel(
        LABEL,
        list(features),
        [float(value) for value in regression.coef_[0]],
        float(regression.intercept_[0]),
    )
    probabilities = model.probabilities(table)
    return model, {
        "accuracy": float(accuracy_score(table[LABEL], probabilities > 0.5)),  # noqa: PLR2004
        "log_loss": float(log_loss(table[LABEL], probabilities)),
        "iterations": int(regression.n_iter_[0]),
        "converged": int(converged),
    }


def selected(folder: Path, table: pd.DataFrame) -> list[str]:
    """The features to train on.

    Raises:
        JobError: there is no selection, or it names features that the table has not.
    """
    path = folder / "selected.json"
    if not path.is_file():
        raise JobError(f"{path.name} is not in the channel 'selection'.")
    names: list[str] = json.loads(path.read_text())
    if missing := [name for name in names if name not in table]:
        raise JobError(f"The selection has {missing[0]!r}, which the training features have not.")
    return names


def run(args: argparse.Namespace) -> None:
    """Trains, prints the metrics as SageMaker scrapes them, writes the model.

    Raises:
        JobError: there is nothing to train on.
    """
    if len(json.loads(os.environ.get("SM_HOSTS", "[]"))) > 1:
        raise JobError("This script trains on one instance: set the instance count to 1.")
    for name in ("train", "selection", "encoder"):
        if getattr(args, name) is None:
            raise JobError(f"There is no channel {name!r}: add it to the job's input data configuration.")
    table = read_features(args.train)
    both_classes(table[LABEL], "training rows")
    features = selected(args.selection, table)
    model, metrics = fit(table, features, c=args.C, max_iter=args.max_iter, seed=args.seed)
    for name, value in metrics.items():
        print(f"train-{name}:{value:.6g}", flush=True)
    model.write(args.model_dir)
    shutil.copy(args.encoder / "encoder.json", args.model_dir / "encoder.json")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Trains a logistic regression on selected features.")
    add, env = parser.add_argument, os.environ
    for name in ("train", "selection", "encoder"):
        add(f"--{name}", type=Path, default=env.get(f"SM_CHANNEL_{name.upper()}"))
    add("--model_dir", type=Path, default=env.get("SM_MODEL_DIR", "/opt/ml/model"))
    # The toolkit writes hyperparameters of one letter with one hyphen.
    add("-C", "--C", type=number(float, 0, above=True, below=True), default=1.0)
    add("--max_iter", type=number(int, 1, 100_000), default=1000)
    add("--seed", type=number(int, 0, 2**32 - 1), default=42)
    args = parser.parse_args(argv)
    return run_job(lambda: run(args), file="failure")


if __name__ == "__main__":
    sys.exit(main())
