"""The result: metrics of each group that a facet asks about, in the format of Clarify's ``analysis.json``.

An infinite value is the text ``Infinity``, and one that is not defined is null, with the reason as ``error``.

https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-processing-job-analysis-results.html
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from comparisons import Comparison
from metric_texts import TEXTS

VERSION = "1.0"


@dataclass(frozen=True)
class Metric:
    """What a metric comes to: a value, which may be infinite, or the reason why it has none."""

    name: str
    value: float | None
    error: str | None = None

    def document(self) -> dict[str, Any]:
        """As Clarify writes it."""
        value: Any = self.value
        if value is not None and math.isinf(value):
            value = "Infinity" if value > 0 else "-Infinity"
        found = {"name": self.name, "description": TEXTS[self.name].title, "value": value}
        return found if self.error is None else {**found, "error": self.error}


@dataclass(frozen=True)
class Group:
    """A group of a facet, compared with everybody else."""

    facet: str
    value: str
    comparison: Comparison
    pretraining: tuple[Metric, ...]
    posttraining: tuple[Metric, ...]


@dataclass(frozen=True)
class Analysis:
    """All groups, and the rows that could not be counted because a value is missing, by facet."""

    label: str
    positive: str
    rows: int
    groups: tuple[Group, ...]
    left_out: Mapping[str, int]
    text_features: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The content of ``analysis.json``."""
        sections = {
            "pre_training_bias_metrics": lambda group: group.pretraining,
            "post_training_bias_metrics": lambda group: group.posttraining,
        }
        found = {name: self._section(metrics) for name, metrics in sections.items()}
        return {"version": VERSION, **{name: section for name, section in found.items() if section}}

    def _section(self, metrics: Callable[[Group], Sequence[Metric]]) -> dict[str, Any] | None:
        facets: dict[str, list[dict[str, Any]]] = {}
        for group in self.groups:
            if found := metrics(group):
                entry = {"value_or_threshold": group.value, "metrics": [each.document() for each in found]}
                facets.setdefault(group.facet, []).append(entry)
        if not facets:
            return None
        return {"label": self.label, "facets": facets, "label_value_or_threshold": self.positive}
