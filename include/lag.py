"""How far behind queues and streams are, and what is too far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

WINDOW = timedelta(minutes=15)
"""How old a value of CloudWatch may be; some come every five minutes."""
PERIOD_SECONDS = 60


@dataclass(frozen=True)
class Backlog:
    """Messages of a queue that are to be had or in somebody's hands, asked of the queue itself."""

    queue_url: str


@dataclass(frozen=True)
class Metric:
    """The newest value of a metric of CloudWatch with one dimension."""

    namespace: str
    name: str
    dimension: str
    value: str


Measure = Backlog | Metric


@dataclass(frozen=True)
class Bound:
    """A measure that is not to be over ``most``.

    Attributes:
        advice: what to do then.
    """

    measure: str
    most: float
    advice: str


def metric_request(metrics: Sequence[Metric], now: datetime) -> dict[str, Any]:
    """Of GetMetricData: the maximum of each period, the newest first; ids are ``m0``, ``m1``, ..."""
    return {
        "MetricDataQueries": [
            {
                "Id": f"m{number}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": each.namespace,
                        "MetricName": each.name,
                        "Dimensions": [{"Name": each.dimension, "Value": each.value}],
                    },
                    "Period": PERIOD_SECONDS,
                    "Stat": "Maximum",
                },
            }
            for number, each in enumerate(metrics)
        ],
        "StartTime": now - WINDOW,
        "EndTime": now + timedelta(seconds=PERIOD_SECONDS),
        "ScanBy": "TimestampDescending",
    }


def exceeded(values: Mapping[str, float | None], bounds: Sequence[Bound]) -> list[str]:
    """One sentence for each bound that is exceeded. What was not measured is not going on."""
    return [
        f"{bound.measure} is {value:g}, over {bound.most:g}: {bound.advice}"
        for bound in bounds
        if (value := values.get(bound.measure)) is not None and value > bound.most
    ]
