"""Trains a random forest to tell which candidate is listened to: a script for SageMaker's script mode.

Channel ``train``: the training days. A tree is grown on ``rows_per_tree`` rows drawn with replacement;
within them both classes count alike. Nulls are `NOT_KNOWN`, a value below all others. Leaves
``forest.npz``, no pickle, and in ``code/`` what an endpoint needs to rank with it. The same rows, settings
and seed give the same file, byte for byte, on any number of cores.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from sklearn.ensemble import RandomForestClassifier

from bounds import number
from failure import JobError, run_job
from forest import Forest
from ranking_features import FEATURES, LABEL
from serving_files import SERVING
from training_files import model_input, read_rows


def fit(args: argparse.Namespace) -> tuple[Forest, dict[str, float]]:
    """The forest and what it was made of.

    Raises:
        JobError: the rows cannot be read, or are all of one class.
    """
    rows = read_rows(args.train)
    positives = int(rows[LABEL].sum())
    if not 0 < positives < len(rows):
        raise JobError(f"Of {len(rows)} training rows {positives} are positive: both classes are needed.")
    classifier = RandomForestClassifier(
        n_estimators=args.trees,
        max_depth=args.max_depth,
        min_samples_leaf=args.min_samples_leaf,
        max_samples=min(args.rows_per_tree, len(rows)),
        class_weight="balanced_subsample",
        random_state=args.seed,
        n_jobs=-1,
    )
    classifier.fit(model_input(rows), rows[LABEL].to_numpy())
    forest = Forest.of(classifier, FEATURES)
    return forest, {"rows": len(rows), "positives": positives, "nodes": len(forest.feature)}


def run(args: argparse.Namespace) -> None:
    """Trains, prints the metrics as SageMaker scrapes them, writes the model.

    Raises:
        JobError: there is nothing to train on.
    """
    if len(json.loads(os.environ.get("SM_HOSTS", "[]"))) > 1:
        raise JobError("This script trains on one instance: set the instance count to 1.")
    if args.train is None:
        raise JobError("There is no channel 'train': add it to the job's input data configuration.")
    forest, metrics = fit(args)
    for name, value in metrics.items():
        print(f"train-{name}:{value}", flush=True)
    forest.write(args.model_dir)
    code = args.model_dir / "code"
    code.mkdir(exist_ok=True)
    for name in SERVING:
        shutil.copyfile(Path(__file__).parent / name, code / name)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Trains a random forest to rank shows.")
    add, env = parser.add_argument, os.environ
    add("--train", type=Path, default=env.get("SM_CHANNEL_TRAIN"))
    add("--model_dir", type=Path, default=env.get("SM_MODEL_DIR", "/opt/ml/model"))
    add("--trees", type=number(int, 1, 2000), default=200)
    add("--max_depth", type=number(int, 1, 40), default=12)
    add("--min_samples_leaf", type=number(int, 1), default=20)
    add("--rows_per_tree", type=number(int, 100), default=100_000)
    add("--seed", type=number(int, 0, 2**31 - 1), default=42)
    args = parser.parse_args(argv)
    return run_job(lambda: run(args), file="failure")


if __name__ == "__main__":
    sys.exit(main())
