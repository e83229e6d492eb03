"""The report of an evaluation as one page that needs no other file; the same numbers give the same bytes."""

import base64
import io
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from forest import Forest

BLUE, ORANGE, GREY = "#1f6f8b", "#e07a3f", "#555555"
MOST_POINTS = 2000
"""Of the ROC curve that are drawn."""
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #212529; max-width: 60rem; margin: auto; padding: 1rem }
table { border-collapse: collapse } th, td { border: 1px solid #dee2e6; padding: .3rem .6rem }
img { max-width: 100% } td + td { text-align: right }
"""


def page(metrics: Mapping[str, float], days: pd.DataFrame, scored: tuple[Any, Any], forest: Forest) -> str:
    """The page.

    Args:
        metrics: flat numbers.
        days: mean NDCG by day, a column for each ranking.
        scored: labels and scores by row.
        forest: whose importances are shown.
    """
    lines = "".join(
        f"<tr><td>{escape(name)}</td><td>{value:,}</td></tr>"
        if float(value).is_integer()
        else f"<tr><td>{escape(name)}</td><td>{value:,.4f}</td></tr>"
        for name, value in metrics.items()
    )
    pictures = "".join(
        f'<h2>{escape(title)}</h2><img alt="{escape(title)}" src="data:image/png;base64,{_encoded(figure)}">'
        for title, figure in (
            ("NDCG@10 by held-out day", by_day(days)),
            ("ROC curve", roc(*scored, metrics["auc"])),
            ("Importances of the features", importances(forest)),
        )
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Ranking of shows</title>'
        f"<style>{STYLE}</style><h1>Ranking of shows</h1><p>{escape(_summary(metrics))}</p>"
        f"<table>{lines}</table>{pictures}</html>\n"
    )


def by_day(days: pd.DataFrame) -> Figure:
    """A line for each ranking."""
    figure, axes = _axes(8, 3.6)
    names = [str(day) for day in days.index]
    for column, colour in zip(days, (BLUE, ORANGE), strict=False):
        axes.plot(names, days[column], marker="o", color=colour, label=str(column))
    axes.set(ylabel="mean NDCG@10", ylim=(0, 1))
    axes.legend(frameon=False)
    return figure


def roc(labels: Any, scores: Any, auc: float) -> Figure:
    """The curve, and that of chance."""
    figure, axes = _axes(5, 5)
    false_rate, true_rate, _ = roc_curve(labels, scores)
    shown = np.unique(np.linspace(0, len(false_rate) - 1, MOST_POINTS).astype(int))
    axes.plot(false_rate[shown], true_rate[shown], color=BLUE, label=f"forest: AUC {auc:.3f}")
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="chance")
    axes.set(xlabel="false positive rate", ylabel="true positive rate", aspect="equal")
    axes.legend(frameon=False, loc="lower right")
    return figure


def importances(forest: Forest) -> Figure:
    """The mean decrease in impurity by feature, the largest on top."""
    order = np.argsort(forest.importances)
    figure, axes = _axes(8, 0.3 * len(order) + 0.8)
    axes.barh([str(forest.features[each]) for each in order], forest.importances[order], color=BLUE)
    axes.set(xlabel="share of the decrease in impurity")
    return figure


def _summary(metrics: Mapping[str, float]) -> str:
    return (
        f"NDCG@10 {metrics['ndcg']:.3f} against {metrics['heuristic_ndcg']:.3f} by declared topics: "
        f"{metrics['ndcg_gain']:+.3f}, with 95% confidence {metrics['ndcg_gain_low']:+.3f} to "
        f"{metrics['ndcg_gain_high']:+.3f} (users drawn with replacement)."
    )


def _axes(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    axes.set_axisbelow(True)
    return figure, axes


def _encoded(figure: Figure) -> str:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110, metadata={"Software": None})
    return base64.b64encode(picture.getvalue()).decode()
