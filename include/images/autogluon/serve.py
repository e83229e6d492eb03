"""``serve`` of the AutoGluon image: rows in as CSV or JSON, predictions out.

A model is what ``include/jobs/automl/train.py`` leaves: AutoGluon's predictor and ``columns.json``. The
predictor is a pickle, which runs whatever it likes when it is read. So an endpoint is made of models of its
own run's jobs only: ``include.pipelines.automl`` refuses an artifact from anywhere else.

https://auto.gluon.ai/stable/api/autogluon.tabular.TabularPredictor.load.html
"""

import csv
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from autogluon.tabular import TabularPredictor
from entrypoint import serving  # type: ignore[import-not-found]
from entrypoint.serving import BadInputError, UnsupportedTypeError  # type: ignore[import-not-found]

PREDICTOR, COLUMNS = "predictor", "columns.json"
CSV, JSON = "text/csv", "application/json"
TRUTHS = {"True": True, "False": False, "TRUE": True, "FALSE": False, "true": True, "false": False}


Records = list[dict[str, Any]] | list[list[str]]
"""Rows: of JSON by the names of columns, of CSV lists of fields."""


@dataclass(frozen=True)
class Model:
    """A predictor and the columns that it takes.

    Attributes:
        predictor: AutoGluon's.
        features: names of the columns, in the order of the training file.
        text: those that are text, and ``numbers`` those that are numbers; others are true or false.
        missing: how a missing value is written.
    """

    predictor: Any
    features: list[str]
    text: list[str]
    numbers: list[str]
    missing: list[str]


@dataclass(frozen=True)
class Prediction:
    """What is predicted for each row and, where classes are told apart, the chance of each class."""

    predicted: pd.Series
    chances: pd.DataFrame | None


def model_fn(folder: str) -> Model:
    """Loads the predictor, if the image has the versions that it was trained with.

    Raises:
        ValueError: the folder holds no model of the pipeline.
    """
    place = Path(folder)
    if not (place / PREDICTOR).is_dir() or not (place / COLUMNS).is_file():
        there = ", ".join(sorted(path.name for path in place.iterdir()))
        raise ValueError(f"The model has no {PREDICTOR}/ and {COLUMNS}; it holds {there or 'nothing'}.")
    columns = json.loads((place / COLUMNS).read_text(encoding="utf-8"))
    return Model(TabularPredictor.load(str(place / PREDICTOR)), **columns)


def input_fn(body: bytes, content_type: str) -> Records:
    """Raises ValueError for a body that has none."""
    kind = content_type.split(";", maxsplit=1)[0].strip().lower()
    if kind not in (CSV, JSON):
        raise UnsupportedTypeError(
            f"Content type {content_type or 'none'} is not supported: send {CSV} or {JSON}."
        )
    records: Records = _of_csv(body) if kind == CSV else _of_json(body)
    if not records:
        raise ValueError("The body has no rows.")
    return records


def predict_fn(data: Records, model: Model) -> Prediction:
    """Predicts each record."""
    rows = _frame(data, model)
    if rows.empty:
        raise BadInputError("The body has a header and no rows.")
    if not model.predictor.can_predict_proba:
        return Prediction(model.predictor.predict(rows), None)
    chances = model.predictor.predict_proba(rows)
    return Prediction(model.predictor.predict_from_proba(chances), chances)


def output_fn(prediction: Prediction, accept: str) -> tuple[str, str]:
    """``text/csv``, what is predicted in a line for each row (the default), or JSON with the chances."""
    if accept in ("", CSV):
        return prediction.predicted.to_csv(index=False, header=False), f"{CSV}; charset=utf-8"
    if accept == JSON:
        return json.dumps({"predictions": _answers(prediction)}, ensure_ascii=False), accept
    raise UnsupportedTypeError(f"Accept {accept} is not supported: ask for {CSV} or {JSON}.")


def _of_csv(body: bytes) -> list[list[str]]:
    try:
        return [record for record in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")) if record]
    except csv.Error as error:
        raise ValueError(f"The body is no CSV: {error}.") from error


def _of_json(body: bytes) -> list[dict[str, Any]]:
    found = json.loads(body)
    records = found.get("instances") if isinstance(found, dict) else found
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise ValueError('Send a JSON list of objects, {"column": value, ...}, or {"instances": [...]}.')
    return records


def _frame(data: Any, model: Model) -> pd.DataFrame:
    """The features of each record, as the predictor takes them; BadInputError where there are others."""
    named = isinstance(data[0], dict)
    rows = pd.DataFrame.from_records(data) if named else _of_fields(data, model.features)
    if lacking := [name for name in model.features if name not in rows]:
        raise BadInputError(f"The rows lack {lacking[0]!r}; the model takes {', '.join(model.features)}.")
    rows = rows[model.features].replace(model.missing, np.nan)
    for name in model.features:
        if name in model.text:
            rows[name] = rows[name].map(str, na_action="ignore")
        else:
            rows[name] = _numbers(rows[name]) if name in model.numbers else rows[name].replace(TRUTHS)
    return rows


def _numbers(values: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce")
    wrong = values[numbers.isna() & values.notna()]
    if len(wrong):
        raise BadInputError(f"{wrong.iloc[0]!r} in the column {values.name!r} is no number.")
    return numbers


def _of_fields(records: list[list[str]], features: list[str]) -> pd.DataFrame:
    """Fields by the names of a header, in any order, or else in the order of the training file."""
    header = [name.strip() for name in records[0]]
    has_header = set(features) <= set(header)
    names, rows = (header, records[1:]) if has_header else (features, records)
    for number, row in enumerate(rows, start=1):
        if len(row) != len(names):
            raise BadInputError(
                f"Row {number} has {len(row)} fields, not {len(names)}: send {', '.join(features)} in this "
                "order, or a header."
            )
    return pd.DataFrame(rows, columns=names)


def _answers(prediction: Prediction) -> list[dict[str, Any]]:
    answers = [{"predicted": _plain(label)} for label in prediction.predicted]
    if prediction.chances is None:
        return answers
    chances = prediction.chances.rename(columns=str).to_dict("records")
    return [answer | {"probabilities": each} for answer, each in zip(answers, chances, strict=True)]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


if __name__ == "__main__":
    sys.exit(serving.main(serving.Functions(model_fn, input_fn, predict_fn, output_fn)))
