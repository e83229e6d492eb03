"""How well predictions meet what is true, as flat numbers and as a text for people."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from autogluon.core.metrics import get_metric
from sklearn.metrics import classification_report


def plain(name: str, value: float) -> float:
    """A metric as people know it: an error, whose sign AutoGluon turns, is positive."""
    return float(get_metric(name).convert_score_to_original(value))


def measurable(predictor: Any, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows by which a predictor can be measured: those whose label is there and training has seen.

    None of them if all these labels are alike: most metrics can tell nothing of a single one.
    """
    if predictor.label not in rows:
        return rows.iloc[:0]
    true, classes = rows[predictor.label], predictor.class_labels
    found = rows[true.notna() if classes is None else true.isin(classes)]
    return found if found[predictor.label].nunique() > 1 else found.iloc[:0]


def measured(predictor: Any, rows: pd.DataFrame, predicted: pd.Series, chances: Any) -> dict[str, float]:
    """Metrics over the rows that are `measurable`; ``accuracy`` is over all that have a label.

    A label that training has not seen counts as a wrong prediction there; no other metric can be told of it.

    Args:
        predictor: AutoGluon's.
        rows: features and, under the predictor's label, what is true of at least one of them.
        predicted: of each row.
        chances: of each row and class; None in a regression.
    """
    metrics, known = {}, measurable(predictor, rows)
    if len(known):
        answers = predicted if chances is None else chances
        found: Mapping[str, float] = predictor.evaluate_predictions(
            known[predictor.label], answers.loc[known.index], auxiliary_metrics=True, display=False
        )
        metrics = {name: plain(name, value) for name, value in found.items()}
    if predictor.class_labels is not None:
        true = rows[predictor.label].dropna()
        metrics["accuracy"] = float((predicted[true.index] == true).mean())
        metrics["unknown_labels"] = float((~true.isin(predictor.class_labels)).sum())
    return metrics


def performance(
    facts: Mapping[str, Any], metrics: Mapping[str, float], true: pd.Series | None, predicted: pd.Series
) -> str:
    """The metrics a line each and, where classes are told apart, the precision and recall of each class."""
    lines = [f"{name}: {value}" for name, value in facts.items()]
    lines += ["", *(f"{name}: {value:.6g}" for name, value in metrics.items())]
    if true is None:
        return "\n".join([*lines, "", "The test file has no labels: nothing of it can be measured.", ""])
    if facts["problem_type"] != "regression":
        labelled = true.notna()
        # Together, so that a class has one name: numbers with a gap are fractions to pandas.
        both = pd.concat({"true": true[labelled], "predicted": predicted[labelled]})
        names = both.convert_dtypes().astype(str)
        lines += ["", classification_report(names["true"], names["predicted"], digits=4, zero_division=0)]
    return "\n".join([*lines, ""])
