"""What a dashboard's body asks to be shown.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.aws.metrics import Metric

NAMED = 2
"""Members of a metric that are no dimensions: its namespace and its name."""
Written = Sequence[Any]
"""A metric as a body has it: namespace, name, names and values of dimensions, and how it is shown."""


@dataclass(frozen=True)
class Line:
    """A metric with its statistic; ``period`` is in seconds. An expression has no metric."""

    label: str
    metric: Metric | None
    statistic: str = "Average"
    period: int = 300


@dataclass(frozen=True)
class Bound:
    """A horizontal line across a graph."""

    label: str
    value: float


@dataclass(frozen=True)
class Widget:
    """A part of a dashboard: of what it is made depends on its kind."""

    kind: str
    title: str
    lines: list[Line] = field(default_factory=list)
    bounds: list[Bound] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    """ARNs."""
    text: str = ""


def widgets(body: str, region: str) -> list[Widget]:
    """Those of a dashboard, by rows; ``region`` is that of metrics which name none."""
    given = json.loads(body).get("widgets") or []
    return [_widget(each, region) for each in sorted(given, key=lambda w: (w.get("y", 0), w.get("x", 0)))]


def _widget(given: Mapping[str, Any], region: str) -> Widget:
    kind, properties = str(given.get("type", "")), given.get("properties") or {}
    title = str(properties.get("title", ""))
    alarms = properties.get("alarms") or (properties.get("annotations") or {}).get("alarms") or []
    return Widget(
        kind,
        title,
        list(_lines(properties, region)) if kind == "metric" else [],
        [Bound(str(each.get("label", "")), float(each["value"])) for each in _horizontal(properties)],
        [str(arn) for arn in alarms],
        str(properties.get("markdown", "")),
    )


def _horizontal(properties: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Lines of one value; those that come in pairs are bands."""
    given = (properties.get("annotations") or {}).get("horizontal") or []
    return [each for each in given if isinstance(each, dict) and "value" in each]


def _lines(properties: Mapping[str, Any], region: str) -> Iterator[Line]:
    before: list[str] = []
    for written in properties.get("metrics") or []:
        *names, options = written if written and isinstance(written[-1], dict) else (*written, {})
        settings = {**properties, **options}
        if options.get("visible") is False:
            continue
        if "expression" in options:
            yield Line(str(options.get("label") or options["expression"]), None)
            continue
        before = _written_out(names, before)
        dimensions = dict(zip(before[NAMED::2], before[NAMED + 1 :: 2], strict=True))
        metric = Metric.of(str(settings.get("region") or region), before[0], before[1], **dimensions)
        label = str(options.get("label") or " ".join((metric.name, *dimensions.values())))
        yield Line(label, metric, str(settings.get("stat", "Average")), int(settings.get("period", 300)))


def _written_out(names: Written, before: Sequence[str]) -> list[str]:
    """Without the signs for what is as in the metric before: ``.`` for one member, ``...`` for the first.

    >>> _written_out(["...", "b"], ["AWS/SQS", "Age", "QueueName", "a"])
    ['AWS/SQS', 'Age', 'QueueName', 'b']
    """
    if names and names[0] == "...":
        rest = names[1:]
        names = [*before[: len(before) - len(rest)], *rest]
    return [before[place] if name == "." else str(name) for place, name in enumerate(names)]
