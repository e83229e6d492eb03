"""How well predictions meet what is true, as flat numbers and as a text for people."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from sklearn.metrics import classification_report

LOWER_IS_BETTER = frozenset(
    {
        *("log_loss", "mean_absolute_error", "mean_squared_error", "median_absolute_error"),
        *("root_mean_squared_error", "mean_absolute_percentage_error"),
        *("symmetric_mean_absolute_percentage_error", "pinball_loss"),
    }
)
"""Metrics whose sign AutoGluon turns, so that more is always better.

https://auto.gluon.ai/stable/api/autogluon.tabular.TabularPredictor.evaluate.html
"""


def plain(name: str, value: float) -> float:
    """A metric as people know it: an error is positive."""
    return float(-value if name in LOWER_IS_BETTER else value)


def measured(predictor: Any, rows: pd.DataFrame, predicted: pd.Series, chances: Any) -> dict[str, float]:
    """Metrics over the rows whose label is there; empty if no row has one.

    A label that training has not seen counts as a wrong prediction in ``accuracy``; no other metric can be
    told of it, so the others leave its row out.

    Args:
        predictor: AutoGluon's.
        rows: features and, under the predictor's label, what is true.
        predicted: of each row.
        chances: of each row and class; None in a regression.
    """
    true = rows[predictor.label]
    known = true.isin(predictor.class_labels) if predictor.class_labels is not None else true.notna()
    if not known.any():
        return {}
    answers = predicted if chances is None else chances
    found: Mapping[str, float] = predictor.evaluate_predictions(
        true[known], answers[known], auxiliary_metrics=True, display=False
    )
    metrics = {name: plain(name, value) for name, value in found.items()}
    if predictor.class_labels is not None:
        there = true.notna()
        metrics["accuracy"] = float((predicted[there] == true[there]).mean())
        metrics["unknown_labels"] = float((there & ~known).sum())
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
        table = classification_report(
            true[labelled].astype(str), predicted[labelled].astype(str), digits=4, zero_division=0
        )
        lines += ["", table]
    return "\n".join([*lines, ""])
