"""Ranks shows at an endpoint: ships inside the model, where the image's server finds it.

A request of ``application/json`` says who asks, and is answered with a ranked list of what is live and
upcoming: see ``list_request.py`` and ``recommender.py``.

One of ``text/csv``, without a header, has a candidate in each line: the 21 features of
`ranking_features.FEATURES` in their order, nothing for null. The answer is a line with a score from 0 to 1
for each, in the same order; the higher is to be shown first. ``application/json`` as accepted type
gives ``{"scores": [...]}``.
"""

import csv
import io
import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from entrypoint.serving import BadInputError, UnsupportedTypeError  # type: ignore[import-not-found]

import list_request
from forest import FILE, Floats, Forest
from list_request import ListRequest
from ranking_features import FEATURES, NOT_KNOWN
from recommender import Recommender

CSV, JSON = "text/csv", "application/json"


class Model(NamedTuple):
    """What answers requests."""

    forest: Forest
    recommender: Recommender


def model_fn(folder: str) -> Model:
    """The forest, with the stores that the environment names.

    Raises:
        ValueError: the forest is one of other features than these, or the environment names no such store.
    """
    forest = Forest.read((Path(folder) / FILE).read_bytes())
    if tuple(forest.features) != FEATURES:
        raise ValueError(f"The forest takes {', '.join(forest.features)}, not what this code sends it.")
    return Model(forest, Recommender.from_environment(forest))


def input_fn(body: bytes, content_type: str) -> Floats | ListRequest:
    """Rows of (candidates, 21), or who asks. Raises `ValueError` with what is wrong."""
    kind = content_type.split(";", maxsplit=1)[0].strip().lower()
    if kind == JSON:
        return list_request.read(body)
    if kind != CSV:
        raise UnsupportedTypeError(
            f"Content type {content_type or 'none'} is not supported: send {CSV} or {JSON}."
        )
    lines = [line for line in csv.reader(io.StringIO(body.decode())) if line]
    if not lines:
        raise BadInputError("The body is empty: send a candidate in each line.")
    return np.array([_row(line, number) for number, line in enumerate(lines, start=1)], np.float32)


def predict_fn(data: Floats | ListRequest, model: Model) -> list[float] | dict[str, Any]:
    """A score for each candidate, or a ranked list."""
    if isinstance(data, ListRequest):
        return model.recommender.ranked(data)
    return [float(score) for score in model.forest.probabilities(data)]


def output_fn(prediction: list[float] | dict[str, Any], accept: str) -> tuple[str, str]:
    """A ranked list as JSON; scores as ``text/csv`` unless JSON is asked for."""
    if isinstance(prediction, dict):
        if accept in {"", JSON}:
            return json.dumps(prediction), JSON
        raise UnsupportedTypeError(f"Accept {accept} is not supported: a ranked list is {JSON}.")
    if accept in {"", CSV}:
        return "".join(f"{score!r}\n" for score in prediction), f"{CSV}; charset=utf-8"
    if accept == JSON:
        return json.dumps({"scores": prediction}), accept
    raise UnsupportedTypeError(f"Accept {accept} is not supported: ask for {CSV} or {JSON}.")


def _row(line: list[str], number: int) -> list[float]:
    if len(line) != len(FEATURES):
        raise BadInputError(
            f"Line {number} has {len(line)} values; a candidate has {len(FEATURES)} features."
        )
    return [_value(text, number, name) for text, name in zip(line, FEATURES, strict=True)]


def _value(text: str, number: int, name: str) -> float:
    if not text.strip():
        return NOT_KNOWN
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise BadInputError(
            f"Line {number}: {name} is {text!r}; give a number of at least 0, or nothing for null."
        )
    return value
