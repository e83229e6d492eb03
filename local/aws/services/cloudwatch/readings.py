"""What was measured of a metric: by the services of this server, by moto's, and by clients that put data."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, MetricAggregatedDatum
from moto.s3.models import S3Backend

from local.aws.metrics import SECONDS, Metric, Minute, metrics
from local.aws.services.cloudwatch.statistics import by_period


def metric_of(
    region: str, namespace: str, name: str, dimensions: Sequence[Mapping[str, str]] | None
) -> Metric:
    """Of a namespace, a name and dimensions as requests and dashboards have them."""
    pairs = {each["Name"]: each["Value"] for each in dimensions or ()}
    return Metric.of(region, namespace, name, **pairs)


def points(
    backend: CloudWatchBackend,
    metric: Metric,
    statistic: str,
    *,
    period: int,
    start: float,
    end: float,
    origin: int = 0,
) -> list[tuple[int, float]]:
    """Where each period with values begins, in seconds since 1970, and its statistic; the oldest first.

    Args:
        backend: of the metric's region.
        metric: what is asked about.
        statistic: its name, or a percentile.
        period: seconds.
        start: in seconds since 1970; the minute in which it lies counts.
        end: in seconds since 1970; only minutes that began before it count.
        origin: a second at which a period begins.
    """
    first, last = int(start // SECONDS), int(-(-end // SECONDS))
    minutes = metrics().between(metric, first, last)
    for number, values in _given(backend, metric):
        if first <= number < last:
            minutes[number] = _merged(minutes.get(number), values)
    return by_period(statistic, minutes, period, origin)


def _given(backend: CloudWatchBackend, metric: Metric) -> Iterator[tuple[int, Minute]]:
    """What clients have put, and what moto measures itself: the sizes of buckets."""
    data: list[Any] = list(backend.metric_data)
    if metric.namespace == "AWS/S3":
        data += S3Backend.get_cloudwatch_metrics(backend.account_id, backend.region_name)
    for datum in data:
        named = (datum.namespace, datum.name) == (metric.namespace, metric.name)
        if named and tuple(sorted((d.name, d.value) for d in datum.dimensions)) == metric.dimensions:
            yield int(seconds(datum.timestamp) // SECONDS), _minute(datum)


def _minute(datum: Any) -> Minute:
    if isinstance(datum, MetricAggregatedDatum):
        return Minute(datum.sample_count, datum.sum, datum.min, datum.max)
    found = Minute()
    found.add(datum.value)
    return found


def _merged(one: Minute | None, other: Minute) -> Minute:
    if one is None:
        return other
    return Minute(
        one.count + other.count,
        one.total + other.total,
        min(one.low, other.low),
        max(one.high, other.high),
        one.sample + other.sample,
    )


def seconds(moment: datetime) -> float:
    """Since 1970; moto's times have no zone and are in UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
