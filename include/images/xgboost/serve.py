"""``serve`` of the XGBoost image: rows in as CSV or libsvm, predictions out as CSV or JSON."""

import io
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost
from entrypoint import serving  # type: ignore[import-not-found]
from entrypoint.serving import BadInputError, UnsupportedTypeError  # type: ignore[import-not-found]
from scipy.sparse import csr_matrix

MODEL_NAME = "xgboost-model"


def model_fn(folder: str) -> xgboost.Booster:
    """XGBoost's own formats only: a pickle runs whatever it likes when it is read."""
    path = Path(folder) / MODEL_NAME
    if not path.is_file():
        there = ", ".join(sorted(p.name for p in Path(folder).iterdir()))
        raise ValueError(f"The model has no file {MODEL_NAME}; it holds {there or 'nothing'}.")
    content = bytearray(path.read_bytes())
    if content[:1] != b"{":
        raise ValueError(
            f"{MODEL_NAME} is not in XGBoost's UBJ or JSON format: save it with Booster.save_model."
        )
    booster = xgboost.Booster()
    booster.load_model(content)
    return booster


def input_fn(body: bytes, content_type: str) -> Any:
    """``text/csv`` without label and header, or ``text/libsvm``."""
    kind = content_type.split(";", maxsplit=1)[0].strip().lower()
    if kind not in ("text/csv", "text/libsvm", "text/x-libsvm"):
        raise UnsupportedTypeError(
            f"Content type {content_type or 'none'} is not supported: send text/csv or text/libsvm."
        )
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"The body is not UTF-8 text: {error}.") from None
    if not text.strip():
        raise ValueError("The body is empty: send one row per line.")
    return _csv(text) if kind == "text/csv" else _libsvm(text)


def _csv(text: str) -> Any:
    try:
        rows = pd.read_csv(io.StringIO(text), header=None, dtype="float32").to_numpy()
    except ValueError as error:
        reason = str(error).strip()
        raise ValueError(f"The body is not CSV of numbers, one row per line, no header: {reason}") from None
    if np.isinf(rows).any():
        raise ValueError("The body has infinite values: send finite numbers, or nothing for a missing one.")
    return rows


def _libsvm(text: str) -> Any:
    from sklearn.datasets import load_svmlight_file  # noqa: PLC0415  (a second to import)

    # A row for prediction has no label; the reader wants one.
    rows = [row for row in text.splitlines() if row.strip()]
    labelled = [f"0 {row}" if ":" in row.split(maxsplit=1)[0] else row for row in rows]
    try:
        matrix, _ = load_svmlight_file(io.BytesIO("\n".join(labelled).encode()), zero_based=True)
    except ValueError as error:
        raise ValueError(f"The body is not libsvm (index:value ...): {error}") from None
    return matrix


def predict_fn(data: Any, model: xgboost.Booster) -> Any:
    """Uses the rounds that early stopping found best."""
    given, known = data.shape[1], model.num_features()
    if isinstance(data, csr_matrix) and given < known:
        # Sparse rows leave their last columns out when these are empty.
        data = csr_matrix((data.data, data.indices, data.indptr), shape=(data.shape[0], known))
    elif given != known:
        raise BadInputError(f"The rows have {given} features; the model was trained with {known}.")
    best = model.attr("best_iteration")
    rounds = (0, int(best) + 1) if best is not None else (0, 0)
    return model.predict(xgboost.DMatrix(data), iteration_range=rounds, validate_features=False)


def output_fn(prediction: Any, accept: str) -> tuple[str, str]:
    """``text/csv``, one line per row (the default), or ``application/json``."""
    rows = prediction.tolist()
    if accept in ("", "text/csv"):
        lines = [",".join(map(repr, row)) if isinstance(row, list) else repr(row) for row in rows]
        return "\n".join(lines) + "\n", "text/csv; charset=utf-8"
    if accept == "application/json":
        return json.dumps({"predictions": [_entry(row) for row in rows]}), accept
    raise UnsupportedTypeError(f"Accept {accept} is not supported: ask for text/csv or application/json.")


def _entry(row: Any) -> dict[str, Any]:
    if isinstance(row, list):
        return {"score": row}
    return {"score": row if math.isfinite(row) else None}


if __name__ == "__main__":
    sys.exit(serving.main(serving.Functions(model_fn, input_fn, predict_fn, output_fn)))
