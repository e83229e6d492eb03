"""The built-in algorithm of the XGBoost image.

It reads CSV with the label first and no header, or libsvm, and takes the hyperparameters of SageMaker's
XGBoost.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost
from scipy.sparse import vstack

MODEL_NAME = "xgboost-model"
CHANNELS = ("train", "validation")

Check = Callable[[str], Any]


def _number(name: str, kind: type, least: float | None = None, most: float | None = None) -> Check:
    def check(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise ValueError(
                f"Hyperparameter {name} is {text!r}: it must be of type {kind.__name__}."
            ) from None
        if (least is not None and value < least) or (most is not None and value > most):
            bounds = f"from {least}" + (f" to {most}" if most is not None else " up")
            raise ValueError(f"Hyperparameter {name} is {value}: it must be {bounds}.")
        return value

    return check


def _choice(name: str, *values: str) -> Check:
    def check(text: str) -> str:
        if text not in values:
            raise ValueError(f"Hyperparameter {name} is {text!r}: it must be one of {', '.join(values)}.")
        return text

    return check


OBJECTIVES = (
    *("reg:squarederror", "reg:squaredlogerror", "reg:logistic", "reg:pseudohubererror", "reg:absoluteerror"),
    *("reg:gamma", "reg:tweedie", "binary:logistic", "binary:logitraw", "binary:hinge", "count:poisson"),
    *(
        "multi:softmax",
        "multi:softprob",
        "rank:pairwise",
        "rank:ndcg",
        "rank:map",
        "survival:aft",
        "survival:cox",
    ),
)

PARAMETERS: dict[str, Check] = {
    "alpha": _number("alpha", float, 0),
    "base_score": _number("base_score", float),
    "booster": _choice("booster", "gbtree", "gblinear", "dart"),
    "colsample_bylevel": _number("colsample_bylevel", float, 0, 1),
    "colsample_bynode": _number("colsample_bynode", float, 0, 1),
    "colsample_bytree": _number("colsample_bytree", float, 0, 1),
    "eta": _number("eta", float, 0, 1),
    "eval_metric": str,
    "gamma": _number("gamma", float, 0),
    "grow_policy": _choice("grow_policy", "depthwise", "lossguide"),
    "lambda": _number("lambda", float, 0),
    "max_bin": _number("max_bin", int, 2),
    "max_delta_step": _number("max_delta_step", float, 0),
    "max_depth": _number("max_depth", int, 0),
    "max_leaves": _number("max_leaves", int, 0),
    "min_child_weight": _number("min_child_weight", float, 0),
    "nthread": _number("nthread", int, 1),
    "num_class": _number("num_class", int, 2),
    "num_parallel_tree": _number("num_parallel_tree", int, 1),
    "objective": _choice("objective", *OBJECTIVES),
    "scale_pos_weight": _number("scale_pos_weight", float),
    "seed": _number("seed", int),
    "subsample": _number("subsample", float, 0, 1),
    "tree_method": _choice("tree_method", "auto", "exact", "approx", "hist"),
    "tweedie_variance_power": _number("tweedie_variance_power", float, 1, 2),
    "verbosity": _number("verbosity", int, 0, 3),
}
CONTROL: dict[str, Check] = {
    "num_round": _number("num_round", int, 1),
    "early_stopping_rounds": _number("early_stopping_rounds", int, 1),
    "csv_weights": _number("csv_weights", int, 0, 1),
}


def validated(raw: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """XGBoost's parameters and those of the loop. Raises ValueError that names what is wrong."""
    if "num_round" not in raw:
        raise ValueError("Hyperparameter num_round is required: give the number of boosting rounds.")
    if unknown := sorted(set(raw) - set(PARAMETERS) - set(CONTROL)):
        raise ValueError(f"Unknown hyperparameters: {', '.join(unknown)}. Check the spelling.")
    texts = {name: str(value).strip('"') for name, value in raw.items()}
    parameters = {name: PARAMETERS[name](text) for name, text in texts.items() if name in PARAMETERS}
    if parameters.get("objective", "").startswith("multi:") and "num_class" not in parameters:
        raise ValueError(f"Hyperparameter num_class is required with objective {parameters['objective']}.")
    return parameters, {name: CONTROL[name](text) for name, text in texts.items() if name in CONTROL}


def load(folder: Path, content_type: str, weighted: bool = False) -> xgboost.DMatrix:
    """All files below a channel's folder, in the order of their names."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name[0] not in "._")
    files = [p for p in files if p.stat().st_size]
    if not files:
        raise ValueError(f"Channel {folder.name} has no data: it needs at least one file that is not empty.")
    kind = content_type.split(";", maxsplit=1)[0].strip().lower() or "text/libsvm"
    if kind in ("text/csv", "csv"):
        return _csv(files, weighted)
    if kind in ("text/libsvm", "text/x-libsvm", "libsvm"):
        return _libsvm(files)
    if kind == "application/x-parquet":
        return _matrix(np.vstack([pd.read_parquet(p).to_numpy(dtype="float32") for p in files]), weighted)
    raise ValueError(f"Channel {folder.name} has content type {content_type!r}: use text/csv or text/libsvm.")


def _csv(files: list[Path], weighted: bool) -> xgboost.DMatrix:
    tables = []
    for path in files:
        try:
            tables.append(pd.read_csv(path, header=None, dtype="float32").to_numpy())
        except ValueError as error:
            raise ValueError(
                f"{path.name} is not a headerless CSV of numbers, label first: {error}"
            ) from None
    if len({table.shape[1] for table in tables}) > 1:
        raise ValueError(
            f"The CSV files of channel {files[0].parent.name} differ in their number of columns."
        )
    return _matrix(np.vstack(tables), weighted)


def _matrix(rows: Any, weighted: bool) -> xgboost.DMatrix:
    first = 2 if weighted else 1
    if rows.shape[1] <= first:
        raise ValueError(
            f"The data has {rows.shape[1]} columns: it needs the label first, then the features."
        )
    if not np.isfinite(rows[:, 0]).all():
        raise ValueError("The label, the first column, is missing or infinite in some rows.")
    return xgboost.DMatrix(rows[:, first:], label=rows[:, 0], weight=rows[:, 1] if weighted else None)


def _libsvm(files: list[Path]) -> xgboost.DMatrix:
    from sklearn.datasets import load_svmlight_files  # noqa: PLC0415  (a second to import)

    try:
        parts = load_svmlight_files([str(p) for p in files], zero_based=True)
    except ValueError as error:
        raise ValueError(
            f"Channel {files[0].parent.name} is not libsvm (label index:value ...): {error}"
        ) from None
    return xgboost.DMatrix(vstack(parts[0::2]).tocsr(), label=np.concatenate(parts[1::2]))


class PrintMetrics(xgboost.callback.TrainingCallback):
    """One line per round in the form that SageMaker's metric definitions of XGBoost match."""

    def after_iteration(self, model: Any, epoch: int, evals_log: dict[str, Any]) -> bool:  # noqa: ARG002
        """Prints ``[N]#011train-rmse:...#011validation-rmse:...``."""
        values = [
            f"{data}-{m}:{v[-1]:.5f}" for data, metrics in evals_log.items() for m, v in metrics.items()
        ]
        print("#011".join([f"[{epoch}]", *values]), flush=True)
        return False


def train(raw: dict[str, str]) -> None:
    """The built-in algorithm. Raises ValueError for wrong hyperparameters and data."""
    parameters, control = validated(raw)
    channels = json.loads(os.environ["SM_INPUT_DATA_CONFIG"])
    if "train" not in channels:
        raise ValueError("The algorithm needs a channel named train; validation is optional.")
    data = {}
    for name in CHANNELS:
        if name in channels:
            folder = Path(os.environ[f"SM_CHANNEL_{name.upper()}"])
            data[name] = load(folder, channels[name].get("ContentType", ""), control.get("csv_weights") == 1)
    stop = control.get("early_stopping_rounds")
    booster = xgboost.train(
        # One thread count and one seed make the same bytes of the same data.
        {"seed": 0, "nthread": os.cpu_count() or 1, **parameters},
        data["train"],
        num_boost_round=control["num_round"],
        evals=[(matrix, name) for name, matrix in data.items()],
        early_stopping_rounds=stop if stop and "validation" in data else None,
        callbacks=[PrintMetrics()],
        verbose_eval=False,
    )
    path = Path(os.environ["SM_MODEL_DIR"]) / MODEL_NAME
    path.write_bytes(booster.save_raw("ubj"))
    print(f"Saved {path.name} with {booster.num_boosted_rounds()} rounds.", flush=True)
