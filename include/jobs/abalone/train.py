"""Trains XGBoost on rows with the label first: a script for SageMaker's script mode.

The image's package ``boosting`` does what every such script needs: it reads the channels ``train`` and, if
there are any, ``validation`` and ``model`` (an earlier model to go on from) in every input mode and format,
saves a checkpoint after each round, resumes from the last one, and trains one model on several instances.
This script says with which hyperparameters, and what is left behind: ``xgboost-model`` in XGBoost's own
format (UBJSON, no pickle), and the metrics of its last round in ``metrics.json`` of the output data. Each
round's metrics are in the log as ``[N]<tab>train-rmse:..<tab>validation-rmse:..``.
The same rows, hyperparameters and seed give the same model, byte for byte.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xgboost as xgb
from boosting import channels, models
from boosting.batch import DataError
from boosting.cluster import HostLostError
from boosting.job import Job

from bounds import number
from failure import run_job

NOT_BOOSTER = {"train", "validation", "model_dir", "output_data_dir", "num_round", "early_stopping_rounds"}


def parser() -> argparse.ArgumentParser:
    """Hyperparameters as SageMaker passes them, folders as its environment names them."""
    result = argparse.ArgumentParser(description="Trains XGBoost on rows with the label first.")
    add, env = result.add_argument, os.environ
    add("--train", type=Path, help="a folder of CSV files instead of the job's channel")
    add("--validation", type=Path, help="a folder of CSV files instead of the job's channel")
    add("--model_dir", type=Path, default=env.get("SM_MODEL_DIR", "/opt/ml/model"))
    add("--output_data_dir", type=Path, default=env.get("SM_OUTPUT_DATA_DIR", "/opt/ml/output/data"))
    add("--num_round", type=number(int, 1, 100_000), default=200)
    add("--early_stopping_rounds", type=number(int, 1), default=None)
    add("--max_depth", type=number(int, 1, 30), default=4)
    add("--eta", type=number(float, 0, 1, above=True), default=0.05)
    add("--gamma", type=number(float, 0), default=0.0)
    add("--min_child_weight", type=number(float, 0), default=5.0)
    add("--subsample", type=number(float, 0, 1, above=True), default=0.8)
    add("--colsample_bytree", type=number(float, 0, 1, above=True), default=1.0)
    add("--alpha", type=number(float, 0), default=0.0)
    add("--lambda", type=number(float, 0), default=1.0)
    add("--max_bin", type=number(int, 2, 65_536), default=256)
    add("--objective", default="reg:squarederror")
    add("--eval_metric", default="rmse")
    add("--seed", type=number(int, 0, 2**31 - 1), default=42)
    add("--nthread", type=number(int, 1), default=int(env.get("SM_NUM_CPUS", os.cpu_count() or 1)))
    return result


def inputs(args: argparse.Namespace) -> dict[str, Any]:
    """The job's channels by name; a folder that is given stands for the channel of its name."""
    folders = {name: path for name in ("train", "validation") if (path := getattr(args, name))}
    given = {name: channels.folder(name, path, "text/csv") for name, path in folders.items()}
    return {**channels.configured(), **given}


def run(args: argparse.Namespace) -> None:
    """Trains and writes the model and its metrics.

    Raises:
        DataError: the channels cannot be trained on.
        HostLostError: another host of the job ended.
    """
    found = inputs(args)
    if args.early_stopping_rounds and "validation" not in found:
        raise DataError("early_stopping_rounds needs the channel validation.")
    booster = {key: value for key, value in vars(args).items() if key not in NOT_BOOSTER}
    booster |= {"tree_method": "hist", "device": "cpu"}
    trained = Job(found, booster, args.num_round, args.early_stopping_rounds).run()
    if trained is None:
        return  # Another host leaves the model.
    for folder in (args.model_dir, args.output_data_dir):
        folder.mkdir(parents=True, exist_ok=True)
    models.save(trained.best, args.model_dir / models.MODEL_NAME)
    (args.output_data_dir / "metrics.json").write_text(json.dumps(trained.metrics, indent=2) + "\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    args = parser().parse_args(argv)
    return run_job(lambda: run(args), DataError, HostLostError, xgb.core.XGBoostError, file="failure")


if __name__ == "__main__":
    sys.exit(main())
