"""The HTTP side: metrics with percentiles over what this server records, and alarms that are evaluated."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, ValidationError
from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse

from local.aws.metrics import metrics
from local.aws.operations import Params, replace_operations
from local.aws.services.cloudwatch import alarms
from local.aws.services.cloudwatch.gauges import gauges
from local.aws.services.cloudwatch.readings import metric_of, points, seconds
from local.aws.services.cloudwatch.statistics import NAMED, is_known

_put_alarm = CloudWatchResponse.put_metric_alarm
_describe_alarms = CloudWatchResponse.describe_alarms
_describe_alarms_for_metric = CloudWatchResponse.describe_alarms_for_metric


def install() -> None:
    """Puts them in place of moto's; doing it again changes nothing."""
    replace_operations(
        CloudWatchResponse,
        cloudwatch_backends,
        {"get_metric_data": get_metric_data, "get_metric_statistics": get_metric_statistics},
    )
    changed: Any = CloudWatchResponse
    changed.put_metric_alarm = put_metric_alarm
    changed.describe_alarms = _evaluated(_describe_alarms)
    changed.describe_alarms_for_metric = _evaluated(_describe_alarms_for_metric)


def get_metric_data(backend: CloudWatchBackend, params: Params) -> dict[str, Any]:
    """GetMetricData. Periods begin at multiples of their length; there is no metric math."""
    start, end = _bounds(params)
    gauges().measure(time.time())
    found = {
        query["Id"]: _values(backend, query["MetricStat"], start, end)
        for query in params.get("MetricDataQueries", [])
        if _is_of_a_metric(query)
    }
    results = []
    for query in params.get("MetricDataQueries", []):
        if query.get("ReturnData") is False:
            continue
        pairs = found.get(query.get("Expression") or query["Id"])
        if pairs is None:
            raise ValidationError(
                f"The local AWS has no metric math: {query['Expression']!r} is not the Id of a metric."
            )
        if params.get("ScanBy") != "TimestampAscending":
            pairs = pairs[::-1]
        results.append(
            {
                "Id": query["Id"],
                "Label": query.get("Label") or _label(query),
                "Timestamps": [datetime.fromtimestamp(moment, UTC) for moment, _ in pairs],
                "Values": [value for _, value in pairs],
                "StatusCode": "Complete",
            }
        )
    return {"MetricDataResults": results}


def _is_of_a_metric(query: Mapping[str, Any]) -> bool:
    if "MetricStat" not in query and "Expression" not in query:
        raise ValidationError("The parameter MetricDataQueries.member.1.MetricStat is required.\n")
    return "MetricStat" in query


def _label(query: Mapping[str, Any]) -> str:
    of = query.get("MetricStat")
    return f"{of['Metric']['MetricName']} {of['Stat']}" if of else str(query["Id"])


def _values(
    backend: CloudWatchBackend, asked: Mapping[str, Any], start: float, end: float
) -> list[tuple[int, float]]:
    named = asked["Metric"]
    metric = metric_of(backend.region_name, named["Namespace"], named["MetricName"], named.get("Dimensions"))
    _check(asked["Stat"])
    unit = metrics().unit(metric)
    if unit and asked.get("Unit", unit) != unit:
        return []
    return points(backend, metric, asked["Stat"], period=int(asked["Period"]), start=start, end=end)


def get_metric_statistics(backend: CloudWatchBackend, params: Params) -> dict[str, Any]:
    """GetMetricStatistics, also with percentiles."""
    start, end = _bounds(params)
    plain, extended = params.get("Statistics") or [], params.get("ExtendedStatistics") or []
    if not plain and not extended:
        raise InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
    gauges().measure(time.time())
    name, period = params["MetricName"], int(params["Period"])
    metric = metric_of(backend.region_name, params["Namespace"], name, params.get("Dimensions"))
    found: dict[int, dict[str, Any]] = {}
    for statistic in (*plain, *extended):
        _check(statistic)
        for moment, value in points(backend, metric, statistic, period=period, start=start, end=end):
            point = found.setdefault(moment, {"Timestamp": datetime.fromtimestamp(moment, UTC)})
            into = point if statistic in NAMED else point.setdefault("ExtendedStatistics", {})
            into[statistic] = value
    unit = metrics().unit(metric)
    named = {"Unit": unit} if unit else {}
    return {"Label": name, "Datapoints": [point | named for _, point in sorted(found.items())]}


def _bounds(params: Params) -> tuple[float, float]:
    start, end = seconds(params["StartTime"]), seconds(params["EndTime"])
    if start >= end:
        raise ValidationError("The parameter StartTime must be less than the parameter EndTime.")
    return start, end


def _check(statistic: str) -> None:
    if not is_known(statistic):
        raise ValidationError(
            f"The local AWS has the statistics {', '.join(NAMED)} and percentiles, not {statistic}."
        )


def put_metric_alarm(self: CloudWatchResponse) -> Any:
    """PutMetricAlarm."""
    known, name = self.cloudwatch_backend.alarms, self._get_param("AlarmName")
    before = known.get(name)
    answer = _put_alarm(self)
    alarms.adopt(known[name], before)
    return answer


def _evaluated(describe: Callable[[CloudWatchResponse], Any]) -> Callable[[CloudWatchResponse], Any]:
    """Alarms are described in the states that they have now."""

    def handle(self: CloudWatchResponse) -> Any:
        gauges().measure(time.time())
        alarms.evaluate(self.cloudwatch_backend)
        return describe(self)

    return handle
