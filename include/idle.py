"""Endpoints that nobody asks any more.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

PERIOD_SECONDS = 60


def invocations_request(endpoint: str, variant: str, minutes: int, now: datetime) -> dict[str, Any]:
    """Of GetMetricData: how often an endpoint was asked, in the last minutes and the one that runs."""
    metric = {
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocations",
        "Dimensions": [
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": variant},
        ],
    }
    query = {"Id": "asked", "MetricStat": {"Metric": metric, "Period": PERIOD_SECONDS, "Stat": "Sum"}}
    return {
        "MetricDataQueries": [query],
        "StartTime": now - timedelta(minutes=minutes),
        "EndTime": now + timedelta(seconds=PERIOD_SECONDS),
    }


def invocations(answer: Mapping[str, Any]) -> int:
    """The sum over all minutes; a minute without any has no value."""
    return int(sum(value for result in answer["MetricDataResults"] for value in result["Values"]))
