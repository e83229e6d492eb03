"""``serve`` of the XGBoost image: rows in as CSV, libsvm, Parquet or RecordIO, predictions out."""

import io
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from boosting import models, protobuf_rows, recordio
from boosting.batch import Layout
from boosting.content_types import Format
from boosting.formats import batches
from entrypoint import serving  # type: ignore[import-not-found]
from entrypoint.serving import BadInputError, UnsupportedTypeError  # type: ignore[import-not-found]
from scipy.sparse import csr_matrix, vstack

RECORDIO_PROTOBUF = "application/x-recordio-protobuf"
CONTENT_TYPES = {
    "text/csv": Format.CSV,
    "text/libsvm": Format.LIBSVM,
    "text/x-libsvm": Format.LIBSVM,
    "application/x-parquet": Format.PARQUET,
    RECORDIO_PROTOBUF: Format.RECORDIO_PROTOBUF,
}


def model_fn(folder: str) -> xgboost.Booster:
    """XGBoost's own formats only: a pickle runs whatever it likes when it is read."""
    path = Path(folder) / models.MODEL_NAME
    if not path.is_file():
        there = ", ".join(sorted(p.name for p in Path(folder).iterdir()))
        raise ValueError(f"The model has no file {path.name}; it holds {there or 'nothing'}.")
    return models.load(path.read_bytes(), path.name)


def input_fn(body: bytes, content_type: str) -> Any:
    """Rows without labels; those of RecordIO may have some, which are not looked at."""
    kind = content_type.split(";", maxsplit=1)[0].strip().lower()
    if kind not in CONTENT_TYPES:
        raise UnsupportedTypeError(
            f"Content type {content_type or 'none'} is not supported: send {_list(CONTENT_TYPES)}."
        )
    if not body.strip(b"\r\n "):
        raise ValueError("The body is empty: send one row per line.")
    read = batches(CONTENT_TYPES[kind], io.BytesIO(body), "The body", Layout(labelled=False))
    parts = [batch.features for batch in read if batch.rows]
    if not parts:
        raise ValueError("The body has no rows.")
    rows = _stacked(parts)
    if np.isinf(rows.data if isinstance(rows, csr_matrix) else rows).any():
        raise ValueError("The body has infinite values: send finite numbers, or nothing for a missing one.")
    return rows


def _stacked(parts: list[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    if not isinstance(parts[0], csr_matrix):
        return np.vstack(parts)
    columns = max(part.shape[1] for part in parts)
    return vstack([_widened(part, columns) for part in parts]).tocsr()


def _widened(rows: csr_matrix, columns: int) -> csr_matrix:
    """Sparse rows leave their last columns out when these are empty."""
    return csr_matrix((rows.data, rows.indices, rows.indptr), shape=(rows.shape[0], columns))


def predict_fn(data: Any, model: xgboost.Booster) -> Any:
    """Uses the rounds that early stopping found best."""
    given, known = data.shape[1], model.num_features()
    if isinstance(data, csr_matrix) and given < known:
        data = _widened(data, known)
    elif given != known:
        raise BadInputError(f"The rows have {given} features; the model was trained with {known}.")
    best = model.attr("best_iteration")
    rounds = (0, int(best) + 1) if best is not None else (0, 0)
    return model.predict(xgboost.DMatrix(data), iteration_range=rounds, validate_features=False)


def output_fn(prediction: Any, accept: str) -> tuple[str | bytes, str]:
    """``text/csv``, one line per row (the default), JSON, or a RecordIO record for each row."""
    rows = prediction.tolist()
    if accept in ("", "text/csv"):
        lines = [",".join(map(repr, row)) if isinstance(row, list) else repr(row) for row in rows]
        return "\n".join(lines) + "\n", "text/csv; charset=utf-8"
    if accept == "application/json":
        return json.dumps({"predictions": [_entry(row) for row in rows]}), accept
    if accept == RECORDIO_PROTOBUF:
        body = io.BytesIO()
        scores = (row if isinstance(row, list) else [row] for row in rows)
        recordio.write(protobuf_rows.encode(scores, "score"), body)
        return body.getvalue(), accept
    raise UnsupportedTypeError(
        f"Accept {accept} is not supported: ask for text/csv, application/json or {RECORDIO_PROTOBUF}."
    )


def _entry(row: Any) -> dict[str, Any]:
    if isinstance(row, list):
        return {"score": row}
    return {"score": row if math.isfinite(row) else None}


def _list(names: Any) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}"


if __name__ == "__main__":
    sys.exit(serving.main(serving.Functions(model_fn, input_fn, predict_fn, output_fn)))
