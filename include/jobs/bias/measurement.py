"""Counts the rows of a table and computes what a configuration asks for."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

import posttraining
import pretraining
from analysis import Analysis, Group, Metric
from analysis_config import AnalysisConfig, Facet
from choices import Choice, as_numbers, choose, is_continuous
from comparisons import Comparison, Counts, UndefinedMetricError, crossed
from csv_columns import Codes, Column, Numbers, Table, canonical
from failure import JobError
from selection import Selection

MOST_VALUES = 100
"""Of a facet whose values are each compared with all others."""

Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """What counts of rows, each array of shape (rows,).

    Attributes:
        labels: codes of the label; of a continuous one whether it is over the threshold.
        label_count: how many codes there are.
        observed: whether the label is positive.
        predicted: whether the predicted label is; None where nothing is predicted.
        strata: codes of the group variable; rows without a value are a stratum of their own.
        strata_count: how many codes there are; 1 without a group variable.
        features: shape (rows, features), the numbers to find neighbours by.
    """

    labels: Codes
    label_count: int
    observed: Flags
    predicted: Flags | None
    strata: Codes
    strata_count: int
    features: Numbers

    def where(self, mask: Flags) -> "Rows":
        """Some of the rows."""
        return replace(
            self,
            labels=self.labels[mask],
            observed=self.observed[mask],
            predicted=None if self.predicted is None else self.predicted[mask],
            strata=self.strata[mask],
            features=self.features[mask],
        )

    def counted(self, facet: Codes, count: int) -> tuple[Counts, Counts]:
        """By facet and label; and by facet, stratum, observed and predicted outcome."""
        codes, observed = (facet, count), (self.observed.astype(np.int64), 2)
        labels = crossed(codes, (self.labels, self.label_count))
        if self.predicted is None:
            predicted = (np.zeros_like(facet), 1)
        else:
            predicted = (self.predicted.astype(np.int64), 2)
        return labels, crossed(codes, (self.strata, self.strata_count), observed, predicted)


def analyse(table: Table, config: AnalysisConfig, columns: Selection) -> Analysis:
    """Computes what the configuration asks for.

    Raises:
        JobError: a value that is asked for is in no row, or there is nobody to compare with.
    """
    label = table.columns[columns.label]
    positive = choose(label, config.positive, "label")
    whole, valid = _rows(table, config, columns, positive)
    groups: list[Group] = []
    left_out = {}
    for facet, name in zip(config.facets, columns.facets, strict=True):
        column = table.columns[name]
        mask = valid & (column.codes >= 0)
        if not mask.any():
            raise JobError(f"No row has values of {', '.join(sorted(columns.wanted))} at once.")
        left_out[name] = int(np.count_nonzero(~mask))
        groups += _of_facet(whole.where(mask), replace(column, codes=column.codes[mask]), facet, config)
    return Analysis(label.name, positive.text, table.rows, tuple(groups), left_out, table.text_features)


def _rows(table: Table, config: AnalysisConfig, columns: Selection, positive: Choice) -> tuple[Rows, Flags]:
    """All rows, and which of them have a label and, if there are any, a prediction."""
    label = table.columns[columns.label]
    valid = label.codes >= 0
    observed = positive.codes[label.codes]
    continuous = positive.threshold is not None
    predicted: Flags | None = None
    if columns.predicted:
        prediction = table.columns[columns.predicted]
        valid &= prediction.codes >= 0
        predicted = _predicted(prediction, label, positive, config)[prediction.codes]
    strata = table.columns[columns.group] if columns.group else None
    features = list(table.features.values())
    rows = Rows(
        labels=observed.astype(np.int64) if continuous else label.codes,
        label_count=2 if continuous else len(label.values),
        observed=observed,
        predicted=predicted,
        strata=strata.codes + 1 if strata else np.zeros_like(label.codes),
        strata_count=len(strata.values) + 1 if strata else 1,
        features=np.column_stack(features) if features else np.empty((table.rows, 0)),
    )
    return rows, valid


def _predicted(predicted: Column, label: Column, positive: Choice, config: AnalysisConfig) -> Flags:
    """Which values of the predicted label are positive, shape (values of the prediction,).

    Scores, where the label has values: those over ``probability_threshold`` are positive.
    """
    scores = as_numbers(predicted)
    if positive.threshold is not None:
        if scores is None:
            raise JobError(
                f"The label {label.name!r} has a threshold, but {predicted.name!r} is no column of numbers."
            )
        return scores > positive.threshold
    chosen = {canonical(value) for value, code in zip(label.values, positive.codes, strict=True) if code}
    known = {canonical(value) for value in label.values}
    strange = [value for value in predicted.values if canonical(value) not in known]
    if not strange:
        return np.array([canonical(value) in chosen for value in predicted.values])
    if scores is None or scores.min() < 0 or scores.max() > 1:
        raise JobError(
            f"The predicted label {predicted.name!r} has the value {strange[0]!r}, which the label "
            f"{label.name!r} has not: predictions must be values of the label, or scores from 0 to 1."
        )
    return scores > config.probability_threshold


def _of_facet(rows: Rows, column: Column, facet: Facet, config: AnalysisConfig) -> Iterator[Group]:
    """The groups of a facet; every row is counted once, however many groups there are."""
    chosen = _groups(column, facet)
    codes, members = column.codes, [choice.codes for choice in chosen]
    if len(chosen) == 1:
        codes, members = chosen[0].codes[codes].astype(np.int64), [np.array([False, True])]
    labels, outcomes = rows.counted(codes, len(members[0]))
    for choice, d in zip(chosen, members, strict=True):
        sides = [counts[side].sum(axis=0) for counts in (labels, outcomes) for side in (~d, d)]
        comparison = Comparison(np.stack(sides[:2]), np.stack(sides[2:]), rows.strata_count > 1)
        _refuse_empty(comparison, column, choice)
        before = _measured(pretraining.METRICS, config.pretraining, comparison)
        after = _measured(posttraining.METRICS, config.posttraining, comparison)
        if "FT" in config.posttraining:
            after.append(_flip_test(rows, d[codes]))
        yield Group(column.name, choice.text, comparison, _by_name(before), _by_name(after))


def _refuse_empty(comparison: Comparison, column: Column, choice: Choice) -> None:
    others, own = comparison.labels.sum(axis=1).tolist()
    if not others or not own:
        which = "Every row with a label" if own else "No row with a label"
        raise JobError(
            f"{which} is in the group {choice.text!r} of the facet {column.name!r}: two groups are needed."
        )


def _by_name(metrics: list[Metric]) -> tuple[Metric, ...]:
    return tuple(sorted(metrics, key=lambda metric: metric.name))


def _groups(column: Column, facet: Facet) -> list[Choice]:
    """The groups that a facet asks about; without values each that a row has."""
    if facet.asked is not None:
        return [choose(column, facet.asked, "facet")]
    if is_continuous(column):
        raise JobError(f"The facet {column.name!r} is continuous: give a threshold as value_or_threshold.")
    present = np.unique(column.codes).tolist()
    if len(present) == 1:
        raise JobError(
            f"The facet {column.name!r} has one value only, {column.values[present[0]]!r}: "
            "two groups are needed to compare."
        )
    if len(present) > MOST_VALUES:
        raise JobError(
            f"The facet {column.name!r} has {len(present):,} values, at most {MOST_VALUES} are compared each "
            "with all others: name those of the group that you ask about."
        )
    indices = np.arange(len(column.values))
    return [Choice(indices == code, column.values[code]) for code in present]


def _measured(
    known: Mapping[str, Callable[[Comparison], float]], asked: frozenset[str], comparison: Comparison
) -> list[Metric]:
    return [_measure(name, partial(metric, comparison)) for name, metric in known.items() if name in asked]


def _measure(name: str, compute: Callable[[], float]) -> Metric:
    try:
        return Metric(name, compute())
    except UndefinedMetricError as error:
        return Metric(name, None, str(error))


def _flip_test(rows: Rows, is_d: Flags) -> Metric:
    # SciPy's trees are not there where only counts are asked for.
    from flip_test import flip_test  # noqa: PLC0415

    if rows.predicted is None:
        return Metric("FT", None, "nothing is predicted")
    return _measure("FT", partial(flip_test, rows.features, is_d, rows.predicted))
