"""Metrics: the alarms with their states, and every dashboard of CloudWatch with what it shows."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends

from local.aws.metrics import SECONDS, Metric, metrics
from local.aws.pages.frame import METRICS, Crumb, NotThereError, page, second
from local.aws.pages.sparklines import HEIGHT, WIDTH, segments
from local.aws.pages.widgets import Line, Widget, widgets
from local.aws.services.cloudwatch import alarms
from local.aws.services.cloudwatch.evaluation import ALARM, INSUFFICIENT_DATA, OK
from local.aws.services.cloudwatch.gauges import gauges
from local.aws.services.cloudwatch.readings import points
from local.aws.services.cloudwatch.statistics import is_known

if TYPE_CHECKING:
    from local.aws.server import LocalAws

REFRESH_SECONDS = 10
SPANS = (15, 60, 180)
"""Minutes that the graphs may show."""
SIGNS = {
    "GreaterThanOrEqualToThreshold": "\N{GREATER-THAN OR EQUAL TO}",
    "GreaterThanThreshold": ">",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "\N{LESS-THAN OR EQUAL TO}",
}
COLOURS = {OK: "good", ALARM: "bad", INSUFFICIENT_DATA: "stopped"}
LARGE = 100
"""From here on numbers have no decimals."""


class AlarmRow(NamedTuple):
    """An alarm as it is now; ``newest`` is the value of its last period, empty where nothing was measured."""

    arn: str
    name: str
    state: str
    colour: str
    since: str
    watches: str
    newest: str
    reason: str
    description: str


@dataclass(frozen=True)
class Row:
    """A line of a widget: its graph, its newest value and how long ago that is, and its highest."""

    label: str
    statistic: str
    graph: list[str]
    newest: str = ""
    minutes_ago: int = 0
    highest: str = ""
    unit: str = ""


class Shown(NamedTuple):
    """A widget with its values."""

    widget: Widget
    rows: list[Row]
    alarms: list[AlarmRow]


class Dashboard(NamedTuple):
    """One of CloudWatch, or why it cannot be shown."""

    name: str
    shown: list[Shown]
    problem: str


class Span(NamedTuple):
    """A choice of how many minutes are shown."""

    minutes: int
    address: str
    is_chosen: bool


class MetricsPage:
    """Answers below :data:`~local.aws.pages.frame.METRICS`."""

    def __init__(self, aws: "LocalAws") -> None:
        self._account = aws.account_id

    def answer(self, request: Any, where: str) -> Any:
        """The page; the argument ``minutes`` says how far back its graphs go.

        Raises:
            NotThereError: there is no other page.
        """
        if where:
            raise NotThereError(f"There is no page {where!a} of the metrics: see {METRICS}.")
        asked = request.args.get("minutes", type=int)
        span = asked if asked in SPANS else SPANS[1]
        gauges().measure(time.time())
        backends = list(dict(cloudwatch_backends.get(self._account) or {}).values())
        rows = {row.arn: row for backend in backends for row in _alarms(backend)}
        return page(
            "metrics.html",
            "Metrics",
            [Crumb("Metrics", METRICS)],
            refresh=REFRESH_SECONDS,
            alarms=rows.values(),
            dashboards=[shown for backend in backends for shown in _dashboards(backend, span, rows)],
            spans=[Span(each, f"{METRICS}?minutes={each}", each == span) for each in SPANS],
            width=WIDTH,
            height=HEIGHT,
            figure=figure,
        )


def _alarms(backend: CloudWatchBackend) -> list[AlarmRow]:
    """Those that ring first, then by name."""
    alarms.evaluate(backend)
    ordered = sorted(backend.alarms.values(), key=lambda a: (a.state_value != ALARM, str(a.name)))
    return [_alarm(backend, alarm) for alarm in ordered]


def _alarm(backend: CloudWatchBackend, alarm: Alarm) -> AlarmRow:
    rule = alarms.rule_of(alarm)
    watches, newest = "what is not evaluated here", None
    if rule:
        often = f", {rule.datapoints} of {rule.periods} times" if rule.periods > 1 else ""
        watches = (
            f"{alarms.statistic_of(alarm)} of {alarm.metric_name} {SIGNS[rule.comparison]} "
            f"{figure(rule.threshold)}{often} in {alarm.period} s"
        )
        newest = alarms.recent(backend, alarm, rule)[-1]
    return AlarmRow(
        alarm.alarm_arn,
        str(alarm.name),
        alarm.state_value,
        COLOURS[alarm.state_value],
        second(alarm.state_updated_timestamp),
        watches,
        "" if newest is None else figure(newest),
        alarm.state_reason,
        alarm.description or "",
    )


def _dashboards(backend: CloudWatchBackend, span: int, known: dict[str, AlarmRow]) -> list[Dashboard]:
    return [_dashboard(backend, each, span, known) for each in list(backend.dashboards.values())]


def _dashboard(backend: CloudWatchBackend, given: Any, span: int, known: dict[str, AlarmRow]) -> Dashboard:
    try:
        shown = [
            Shown(
                widget,
                [_row(backend.account_id, line, span) for line in widget.lines],
                [known[arn] for arn in widget.alarms if arn in known],
            )
            for widget in widgets(given.body, backend.region_name)
        ]
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        return Dashboard(given.name, [], f"Its body cannot be read: {type(error).__name__}: {error}")
    return Dashboard(given.name, shown, "")


def _row(account: str, line: Line, span: int) -> Row:
    if line.metric is None:
        return Row(line.label, "no metric math here", [])
    if not is_known(line.statistic):
        return Row(line.label, f"no {line.statistic} here", [])
    values = _values(account, line.metric, line, span)
    there = [(place, value) for place, value in enumerate(values) if value is not None]
    if not there:
        return Row(line.label, line.statistic, [])
    place, newest = there[-1]
    return Row(
        line.label,
        line.statistic,
        segments(values),
        figure(newest),
        (len(values) - 1 - place) * _period(line) // SECONDS,
        figure(max(value for _, value in there)),
        metrics().unit(line.metric),
    )


def _values(account: str, metric: Metric, line: Line, span: int) -> Sequence[float | None]:
    """Of the periods until now, the newest last."""
    period = _period(line)
    end = (metrics().now() * SECONDS // period + 1) * period
    start = end - -(-span * SECONDS // period) * period
    backend = cloudwatch_backends[account][metric.region]
    found = dict(points(backend, metric, line.statistic, period=period, start=start, end=end))
    return [found.get(moment) for moment in range(start, end, period)]


def _period(line: Line) -> int:
    return max(line.period, SECONDS)


def figure(value: float) -> str:
    """A number as people read it.

    >>> figure(1234567.8), figure(0.12345), figure(0)
    ('1,234,568', '0.123', '0')
    """
    return f"{value:,.0f}" if abs(value) >= LARGE else f"{value:.3g}"
