"""Trains XGBoost on encoded census rows: a script for SageMaker's script mode.

The channel ``train`` has ``features.csv``, the label and named features. What is left is ``xgboost-model`` in
XGBoost's own format (UBJSON, no pickle), and the metrics of the last round in the log as
``[N]<tab>train-logloss:..<tab>train-auc:..``. The same rows, hyperparameters and seed give the same model.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import xgboost as xgb

from booster_rows import MODEL
from bounds import number
from columns import LABEL
from failure import run_job
from feature_files import both_classes, read_features


def train(folder: Path, model_dir: Path, rounds: int, booster: dict[str, object]) -> None:
    """Trains and writes the model.

    Raises:
        JobError: there are no features, or the rows are of one class only.
    """
    table = read_features(folder)
    both_classes(table[LABEL], "training rows")
    # Names of features may have characters that XGBoost does not take.
    rows = xgb.DMatrix(table.drop(columns=LABEL).to_numpy(), table[LABEL].to_numpy())
    settings = {"objective": "binary:logistic", "eval_metric": ["logloss", "auc"], "tree_method": "hist"}
    model = xgb.train({**settings, **booster}, rows, rounds, evals=[(rows, "train")], verbose_eval=10)
    model_dir.mkdir(parents=True, exist_ok=True)
    (model_dir / MODEL).write_bytes(model.save_raw("ubj"))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Trains XGBoost on census features.")
    add, env = parser.add_argument, os.environ
    add("--train", type=Path, default=env.get("SM_CHANNEL_TRAIN"), help="folder with features.csv")
    add("--model_dir", type=Path, default=env.get("SM_MODEL_DIR", "/opt/ml/model"))
    add("--num_round", type=number(int, 1, 10_000), default=100)
    add("--max_depth", type=number(int, 1, 20), default=4)
    add("--eta", type=number(float, 0, 1, above=True), default=0.1)
    add("--min_child_weight", type=number(float, 0), default=5.0)
    add("--subsample", type=number(float, 0, 1, above=True), default=0.8)
    add("--seed", type=number(int, 0, 2**31 - 1), default=42)
    add("--nthread", type=number(int, 1), default=int(env.get("SM_NUM_CPUS", os.cpu_count() or 1)))
    args = vars(parser.parse_args(argv))
    folder, model_dir, rounds = (args.pop(name) for name in ("train", "model_dir", "num_round"))
    return run_job(lambda: train(folder, model_dir, rounds, args), xgb.core.XGBoostError, file="failure")


if __name__ == "__main__":
    sys.exit(main())
