"""Learns a table by AutoGluon and predicts another: a script for SageMaker's script mode.

Channels: ``train`` and ``test``, a CSV file each. Leaves the predictor with the names of its columns as the
model and, as the job's output, the predictions, a leaderboard, measures and the importance of the features.
AutoGluon's seeds are fixed; which models are done in time depends on the machine.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from autogluon.tabular import TabularPredictor

import results
from bounds import number
from documents import write_json
from failure import JobError, run_job
from fit_options import DETECT, FitOptions
from frames import number_columns, rows_to_predict, text_columns, training_rows
from headers import MISSING, only_file
from listed import listed

NEED_TORCH = ["NN_TORCH", "FASTAI"]
"""Models of the presets that the image has no library for."""
PREDICTOR, COLUMNS = "predictor", "columns.json"


def fit(table: pd.DataFrame, options: FitOptions, folder: Path) -> tuple[Any, float]:
    """The predictor, and the seconds that its models took.

    Raises:
        JobError: AutoGluon can learn nothing of the table, or not in this time.
    """
    predictor = TabularPredictor(
        label=options.target,
        path=str(folder),
        eval_metric=None if options.eval_metric == DETECT else options.eval_metric,
        problem_type=None if options.problem_type == DETECT else options.problem_type,
    )
    begun = time.monotonic()
    try:
        predictor.fit(
            table,
            presets=options.presets,
            time_limit=options.time_limit,
            excluded_model_types=NEED_TORCH,
            num_gpus=0,
            # Whether stacking overfits is found out by fitting everything once more. On a few cores that
            # leaves too little time for the models, so there is none; better presets still train on folds.
            dynamic_stacking=False,
            num_stack_levels=0,
        )
    except (ValueError, AssertionError) as error:
        raise JobError(f"AutoGluon cannot learn this table: {_first_line(error)}") from error
    except RuntimeError as error:
        raise JobError(
            f"AutoGluon has no model after {options.time_limit} s: raise time_limit. {_first_line(error)}"
        ) from error
    return predictor, time.monotonic() - begun


def run(train: Path, test: Path, options: FitOptions, model: Path, output: Path) -> None:
    """Learns, predicts, and writes both of it.

    Raises:
        JobError: a table cannot be read or learned.
    """
    table, empty = training_rows(train, options.target)
    print(f"{train.name}: {len(table):,} labelled rows, {table.shape[1] - 1:,} features.", flush=True)
    if empty:
        print(f"{train.name}: dropped, as no row has a value: {listed(empty)}.", flush=True)
    asked = rows_to_predict(test, table, options.target)
    with tempfile.TemporaryDirectory() as folder:
        predictor, seconds = fit(table, options, Path(folder) / PREDICTOR)
        found = results.of(predictor, table, asked, seconds=seconds, options=options, empty=empty)
        found.write(output)
        predictor.clone_for_deployment(str(model / PREDICTOR), dirs_exist_ok=True)
    write_json(model / COLUMNS, columns(table[found.features]))
    for name, value in found.metrics.items():
        print(f"final-{name}:{value:.6g}", flush=True)


def columns(features: pd.DataFrame) -> dict[str, list[str]]:
    """What the server of the image has to know of the features."""
    return {
        "features": [str(name) for name in features],
        "text": text_columns(features),
        "numbers": number_columns(features),
        "missing": list(MISSING),
    }


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).strip().splitlines()[0]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Learns a table by AutoGluon and predicts another.")
    add, env = parser.add_argument, os.environ
    for name in ("train", "test"):
        add(f"--{name}", type=Path, default=env.get(f"SM_CHANNEL_{name.upper()}"))
    add("--model_dir", type=Path, default=env.get("SM_MODEL_DIR", "/opt/ml/model"))
    add("--output_data_dir", type=Path, default=env.get("SM_OUTPUT_DATA_DIR", "/opt/ml/output/data"))
    add("--target", required=True)
    add("--time_limit", type=number(int, 1), default=FitOptions.time_limit)
    for name in ("presets", "eval_metric", "problem_type"):
        add(f"--{name}", default=getattr(FitOptions, name))
    args = parser.parse_args(argv)

    def work() -> None:
        if len(json.loads(env.get("SM_HOSTS", "[]"))) > 1:
            raise JobError("This script trains on one instance: set the instance count to 1.")
        for name in ("train", "test"):
            if getattr(args, name) is None:
                raise JobError(f"There is no channel {name!r}: add it to the job's input data configuration.")
        options = FitOptions(args.target, args.time_limit, args.presets, args.eval_metric, args.problem_type)
        run(only_file(args.train), only_file(args.test), options, args.model_dir, args.output_data_dir)

    return run_job(work, file="failure")


if __name__ == "__main__":
    sys.exit(main())
