"""What is to be analysed, in the format of Clarify's ``analysis_config.json``.

https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-processing-job-configure-analysis.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import posttraining
import pretraining
from choices import Asked
from failure import JobError
from listed import listed

CSV = "text/csv"
PRETRAINING = frozenset(pretraining.METRICS)
POSTTRAINING = frozenset({*posttraining.METRICS, "FT"})
ELSEWHERE = ("dataset_uri", "facet_dataset_uri", "predicted_label_dataset_uri")
"""Fields by which Clarify reads more data from S3; here the job has one dataset with all columns."""

Document: TypeAlias = Mapping[str, Any]
Place: TypeAlias = str | int
"""A column by its name or its index, from 0."""


@dataclass(frozen=True)
class Facet:
    """A sensitive attribute; ``asked`` is None where each of its values is compared with all others."""

    column: Place
    asked: Asked | None


@dataclass(frozen=True)
class AnalysisConfig:
    """The fields that an analysis of bias needs; ``positive`` are the values of the label that are wanted."""

    headers: tuple[str, ...] | None
    label: Place
    positive: Asked
    facets: tuple[Facet, ...]
    predicted_label: Place | None
    group_variable: Place | None
    probability_threshold: float
    excluded: tuple[Place, ...]
    pretraining: frozenset[str]
    posttraining: frozenset[str]

    @classmethod
    def of(cls, document: object) -> "AnalysisConfig":
        """From the content of the file.

        Raises:
            JobError: a field is missing or has a value that cannot be meant.
        """
        if not isinstance(document, Mapping):
            raise JobError("the analysis configuration is no JSON object.")
        _refuse(document)
        methods = document.get("methods")
        if not isinstance(methods, Mapping):
            raise JobError("methods is missing: name pre_training_bias, post_training_bias or both.")
        predicted = _place(document, "predicted_label")
        after = _metrics(methods, "post_training_bias", POSTTRAINING)
        if after and predicted is None:
            raise JobError("post_training_bias needs predicted_label, the column with the predictions.")
        return cls(
            headers=_headers(document),
            label=_required(_place(document, "label"), "label"),
            positive=_required(_asked(document, "label_values_or_threshold"), "label_values_or_threshold"),
            facets=_facets(document),
            predicted_label=predicted,
            group_variable=_place(document, "group_variable"),
            probability_threshold=_threshold(document),
            excluded=_excluded(document),
            pretraining=_metrics(methods, "pre_training_bias", PRETRAINING),
            posttraining=after,
        )


def column_name(place: Place, header: Sequence[str], field: str) -> str:
    """The name of a column of the dataset.

    Raises:
        JobError: there is no such column.
    """
    if isinstance(place, int) and 0 <= place < len(header):
        return header[place]
    if place not in header:
        raise JobError(f"There is no column {place!r} ({field}); the columns are {listed(header)}.")
    return str(place)


def _refuse(document: Document) -> None:
    kind = document.get("dataset_type", CSV)
    if kind != CSV:
        raise JobError(f"dataset_type is {kind!r}, it must be {CSV}.")
    for field in ELSEWHERE:
        if field in document:
            raise JobError(f"{field} is not read here: put all columns into the dataset of the job.")


def _headers(document: Document) -> tuple[str, ...] | None:
    headers = document.get("headers")
    if headers is None:
        return None
    if not isinstance(headers, list) or not all(isinstance(name, str) for name in headers):
        raise JobError(f"headers is {headers!r}, it must be a list of the columns' names.")
    return tuple(headers) or None


def _place(document: Document, field: str) -> Place | None:
    place = document.get(field)
    if place is None or (isinstance(place, str | int) and not isinstance(place, bool)):
        return place
    raise JobError(f"{field} is {place!r}, it must be the name or the index of a column.")


def _asked(document: Document, field: str) -> Asked | None:
    """A list of one or more values, or a number; an empty list is as good as none."""
    asked = document.get(field)
    values = asked if isinstance(asked, list) else [] if asked is None else [asked]
    if any(isinstance(value, bool) or not isinstance(value, str | int | float) for value in values):
        raise JobError(f"{field} is {asked!r}, it must be a list of values or a threshold.")
    if isinstance(asked, str):
        return [asked]
    return asked or None if isinstance(asked, list) else asked


def _facets(document: Document) -> tuple[Facet, ...]:
    facets = document.get("facet")
    if not isinstance(facets, list) or not facets or not all(isinstance(each, Mapping) for each in facets):
        raise JobError("facet is missing: give a list of objects with name_or_index.")
    return tuple(
        Facet(_required(_place(each, "name_or_index"), "name_or_index"), _asked(each, "value_or_threshold"))
        for each in facets
    )


def _excluded(document: Document) -> tuple[Place, ...]:
    places = document.get("excluded_columns") or []
    if not isinstance(places, list):
        raise JobError(f"excluded_columns is {places!r}, it must be a list of columns.")
    fields = {f"excluded_columns[{number}]": place for number, place in enumerate(places)}
    return tuple(_required(_place(fields, field), field) for field in fields)


def _threshold(document: Document) -> float:
    threshold = document.get("probability_threshold", 0.5)
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
        raise JobError(f"probability_threshold is {threshold!r}, it must be a number from 0 to 1.")
    return float(threshold)


def _metrics(methods: Document, section: str, known: frozenset[str]) -> frozenset[str]:
    """The metrics of a section, none without it."""
    if section not in methods:
        return frozenset()
    given = methods[section] or {}
    asked = given.get("methods", "all") if isinstance(given, Mapping) else None
    if asked == "all":
        return known
    if not isinstance(asked, list) or not all(isinstance(name, str) for name in asked):
        raise JobError(f'{section} is {given!r}, its methods must be "all" or a list of metrics.')
    if unknown := sorted(set(asked) - known):
        raise JobError(f"{section} has no metric {unknown[0]!r}; it has {', '.join(sorted(known))}.")
    return frozenset(asked)


def _required(value: Any, field: str) -> Any:
    if value is None:
        raise JobError(f"{field} is missing.")
    return value
