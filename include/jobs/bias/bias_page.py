"""The report for people: the metrics by the question that they help to answer."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis import Analysis, Group, Metric
from bias_plots import pictures
from metric_texts import OTHERS, QUESTIONS, TEXTS, against
from pages import render

TEMPLATE = Path(__file__).with_name("bias_report.html")


def page(analysis: Analysis, title: str) -> str:
    """A page that stands alone."""
    return render(
        TEMPLATE,
        heading=title,
        analysis=analysis,
        groups=[_group(group) for group in analysis.groups],
    )


def shown(metric: Metric) -> str:
    """The value with four digits behind the point.

    >>> shown(Metric("DI", math.inf)), shown(Metric("DPL", 0.200163)), shown(Metric("GE", None, "why"))
    ('∞', '0.2002', 'n/a')
    """
    if metric.value is None:
        return "n/a"
    return f"{metric.value:.4f}" if math.isfinite(metric.value) else "∞" if metric.value > 0 else "-∞"


def _group(group: Group) -> Mapping[str, Any]:
    metrics = {metric.name: metric for metric in (*group.pretraining, *group.posttraining)}
    drawn = pictures(group)
    sections = [
        {"title": title, "metrics": _rows(metrics, group, place), "picture": drawn.get(place)}
        for place, title in enumerate(QUESTIONS)
    ]
    sections.append({"title": OTHERS, "metrics": _rows(metrics, group, None), "picture": None})
    return {
        "facet": group.facet,
        "value": group.value,
        "counts": _counts(group),
        "sections": [section for section in sections if section["metrics"]],
    }


def _rows(metrics: Mapping[str, Metric], group: Group, question: int | None) -> list[Mapping[str, Any]]:
    names = {"a": "the others", "d": group.value, "": ""}
    return [
        {
            "name": name,
            "text": text,
            "value": shown(metric),
            "error": metric.error,
            "against": "" if metric.value is None else names[against(name, metric.value)],
        }
        for name, text in TEXTS.items()
        if text.question == question and (metric := metrics.get(name))
    ]


def _counts(group: Group) -> Mapping[str, list[int]]:
    """What is counted, of the group and of everybody else."""
    a, d = group.comparison.observed.sum(axis=1).tolist()
    found = {"Rows": [sum(d), sum(a)], "Positive labels": [d[1], a[1]]}
    if not group.posttraining:
        return found
    others, own = group.comparison.confusions
    return found | {
        "True positives": [own.tp, others.tp],
        "False negatives": [own.fn, others.fn],
        "False positives": [own.fp, others.fp],
        "True negatives": [own.tn, others.tn],
    }
