"""Models of XGBoost and what they predict, for jobs that measure them."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
import xgboost as xgb
from numpy.typing import NDArray

from archive import member
from failure import JobError

MODEL = "xgboost-model"
Array: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True)
class Model:
    """A booster and the digest of its file."""

    booster: xgb.Booster
    sha256: str


def load_model(folder: Path) -> Model:
    """The model of ``model.tar.gz`` in ``folder``. Nothing is unpickled.

    Raises:
        JobError: there is no archive, it has no model, or XGBoost cannot read it.
    """
    content = member(folder / "model.tar.gz", MODEL)
    try:
        booster = xgb.Booster(model_file=bytearray(content))
    except (xgb.core.XGBoostError, ValueError) as error:
        raise JobError(f"{MODEL!r} is not in XGBoost's own format (UBJSON or JSON).") from error
    return Model(booster, hashlib.sha256(content).hexdigest())


def row_files(folder: Path) -> list[Path]:
    """The files with rows, by name.

    Raises:
        JobError: there are none.
    """
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size]
    parts = [path for path in files if not path.name.startswith((".", "_"))]
    if not parts:
        raise JobError(f"There are no rows in {folder}: expected CSV files.")
    return parts


def read_rows(path: Path) -> Array:
    """Rows of shape (rows, 1 + features), the label first.

    Raises:
        JobError: they are not numbers.
    """
    try:
        rows: Array = pd.read_csv(path, header=None, dtype=np.float32).to_numpy()
        return rows
    except ValueError as error:
        raise JobError(f"The rows are not headerless CSV of numbers: {error}.") from error


def predict(model: Model, files: Sequence[Path]) -> tuple[Array, Array]:
    """The label and the prediction of each row. The features of one file at a time are in memory.

    Raises:
        JobError: rows are not numbers, or the model was trained on another number of features.
    """
    labels, predictions = [], []
    for path in files:
        rows = read_rows(path)
        labels.append(rows[:, 0].copy())  # A view would keep the features.
        predictions.append(predict_rows(model, rows))
    return np.concatenate(labels), np.concatenate(predictions)


def predict_rows(model: Model, rows: Array) -> Array:
    """One prediction a row.

    Raises:
        JobError: the model was trained on another number of features.
    """
    given, wanted = rows.shape[1] - 1, model.booster.num_features()
    if given != wanted:
        raise JobError(f"The model takes {wanted} features, the rows have {given}.")
    # Those that early stopping found best, as the endpoint uses them.
    best = model.booster.attr("best_iteration")
    rounds = (0, int(best) + 1) if best is not None else (0, 0)
    # Feature names, which a model may carry, say nothing about columns of a CSV file without a header.
    matrix = xgb.DMatrix(rows[:, 1:])
    predicted = model.booster.predict(matrix, iteration_range=rounds, validate_features=False)
    return np.asarray(predicted, np.float32)


def of_champion(folder: Path, ask: Callable[[Model], Array]) -> tuple[Array | None, dict[str, str]]:
    """What the model that serves predicts, and who it is; None and the reason where it cannot be compared.

    That is told and not fatal: a champion that knows other features must not keep a good model from serving.
    """
    try:
        champion = load_model(folder)
        return ask(champion), {"champion_sha256": champion.sha256}
    except JobError as error:
        reason = f"The champion cannot be compared: {error}"
        print(reason)
        return None, {"champion_incomparable": reason}
