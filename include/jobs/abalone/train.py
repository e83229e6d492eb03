"""Trains XGBoost on CSV rows with the label first: a script for SageMaker's script mode.

Reads all files of the channels ``train`` and, if there is one, ``validation``; prints each round's
metrics as ``[N]<tab>train-rmse:..<tab>validation-rmse:..``; leaves ``xgboost-model`` in XGBoost's own
format (UBJSON, no pickle) and the last round's metrics in ``metrics.json`` of the output data.
The same rows, hyperparameters and seed give the same model, byte for byte.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb

from failure import report_failure

MODEL = "xgboost-model"
NOT_BOOSTER = {"train", "validation", "model_dir", "output_data_dir", "num_round", "early_stopping_rounds"}


class TrainingError(Exception):
    """Training cannot start. The message is one sentence for the user."""


class CsvParts(xgb.DataIter):  # type: ignore[misc]  # xgboost is in the job's image only
    """The files of a channel, one at a time: only their quantised values stay in memory.

    Raises:
        TrainingError: there is no file with rows, or a file is not numbers.
    """

    def __init__(self, channel: Path) -> None:
        super().__init__()
        self.files = [
            path
            for path in sorted(channel.rglob("*"))
            if path.is_file() and not path.name.startswith((".", "_")) and path.stat().st_size
        ]
        if not self.files:
            raise TrainingError(f"The channel {channel.name!r} has no rows: expected CSV files in {channel}.")
        self.position = 0

    def next(self, input_data: Callable[..., Any]) -> bool:
        """Hands the next file to XGBoost; False after the last."""
        if self.position == len(self.files):
            return False
        rows = read_csv(self.files[self.position])
        input_data(data=rows[:, 1:], label=rows[:, 0])
        self.position += 1
        return True

    def reset(self) -> None:
        """Starts again at the first file."""
        self.position = 0


def read_csv(path: Path) -> "np.ndarray[Any, np.dtype[np.float32]]":
    """Rows of shape (rows, 1 + features), the label first.

    Raises:
        TrainingError: the file is not a table of numbers.
    """
    try:
        rows: np.ndarray[Any, np.dtype[np.float32]]
        rows = pd.read_csv(path, header=None, dtype=np.float32).to_numpy()
        return rows
    except ValueError as error:
        raise TrainingError(f"{path.name!r} is not a headerless CSV file of numbers: {error}.") from error


def train(
    channels: Mapping[str, Path], booster: Mapping[str, Any], rounds: int, early_stopping_rounds: int | None
) -> tuple[xgb.Booster, dict[str, float]]:
    """The model, and the metrics of its last round as ``train:rmse``, ``validation:rmse``.

    Raises:
        TrainingError: a channel has no rows, or early stopping has no validation rows to watch.
    """
    if early_stopping_rounds and "validation" not in channels:
        raise TrainingError("early_stopping_rounds needs the channel 'validation'.")
    bins = booster["max_bin"]
    data = {"train": xgb.QuantileDMatrix(CsvParts(channels["train"]), max_bin=bins)}
    if "validation" in channels:
        held_out = CsvParts(channels["validation"])
        data["validation"] = xgb.QuantileDMatrix(held_out, max_bin=bins, ref=data["train"])
    history: dict[str, dict[str, list[float]]] = {}
    model = xgb.train(
        dict(booster),
        data["train"],
        num_boost_round=rounds,
        evals=[(matrix, name) for name, matrix in data.items()],
        evals_result=history,
        early_stopping_rounds=early_stopping_rounds,
        verbose_eval=True,
    )
    if early_stopping_rounds:
        model = model[: model.best_iteration + 1]
    last = model.num_boosted_rounds() - 1
    return model, {
        f"{name}:{key}": values[last] for name, of in history.items() for key, values in of.items()
    }


def number(
    kind: type, low: float, high: float = float("inf"), *, above: bool = False
) -> Callable[[str], Any]:
    """An argparse type: an int or float between two bounds, the lower one excluded with ``above``."""

    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not of type {kind.__name__}") from None
        if not (low < value if above else low <= value) or not value <= high:
            wanted = f"more than {low:g}" if above else f"at least {low:g}"
            raise argparse.ArgumentTypeError(f"{text} is not {wanted} and at most {high:g}")
        return value

    return parse


def parser() -> argparse.ArgumentParser:
    """Hyperparameters as SageMaker passes them, folders as its environment names them."""
    result = argparse.ArgumentParser(description="Trains XGBoost on CSV rows with the label first.")
    add, env = result.add_argument, os.environ
    add("--train", type=Path, default=env.get("SM_CHANNEL_TRAIN"))
    add("--validation", type=Path, default=env.get("SM_CHANNEL_VALIDATION"))
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


def run(args: argparse.Namespace) -> None:
    """Trains and writes the model and its metrics.

    Raises:
        TrainingError: there is nothing to train on.
    """
    if len(json.loads(os.environ.get("SM_HOSTS", "[]"))) > 1:
        raise TrainingError("This script trains on one instance: set the instance count to 1.")
    if args.train is None:
        raise TrainingError("There is no channel 'train': add it to the job's input data configuration.")
    channels = {"train": args.train, **({"validation": args.validation} if args.validation else {})}
    booster = {key: value for key, value in vars(args).items() if key not in NOT_BOOSTER}
    booster |= {"tree_method": "hist", "device": "cpu"}
    model, metrics = train(channels, booster, args.num_round, args.early_stopping_rounds)
    for folder in (args.model_dir, args.output_data_dir):
        folder.mkdir(parents=True, exist_ok=True)
    (args.model_dir / MODEL).write_bytes(model.save_raw("ubj"))
    (args.output_data_dir / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    try:
        run(parser().parse_args(argv))
    except (TrainingError, xgb.core.XGBoostError) as error:
        report_failure(str(error), "failure")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
