"""Alarms: their states are found when somebody asks, and once a minute; topics are told of changes."""

import json
import logging
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.sns.models import sns_backends
from moto.utilities.arns import parse_arn

from local.aws.current import Current
from local.aws.metrics import SECONDS, Metric
from local.aws.services.cloudwatch.evaluation import (
    ALARM,
    COMPARISONS,
    INSUFFICIENT_DATA,
    MISSING,
    OK,
    Points,
    Rule,
)
from local.aws.services.cloudwatch.readings import points
from local.aws.services.cloudwatch.statistics import is_known

if TYPE_CHECKING:
    from local.aws.server import LocalAws

log = logging.getLogger(__name__)

running: "Current[LocalAws]" = Current("CloudWatch")
REMEMBERED = 100
"""Changes of its state that an alarm keeps."""
_lock = threading.Lock()
"""Of two who evaluate at a time only one tells of a change."""


def adopt(alarm: Alarm, before: Alarm | None) -> None:
    """A new alarm knows nothing yet; one that is changed keeps its state. Moto says that all is well."""
    alarm.state_value = before.state_value if before else INSUFFICIENT_DATA
    if before:
        alarm.state_reason, alarm.state_reason_data = before.state_reason, before.state_reason_data
        alarm.state_updated_timestamp, alarm.history = before.state_updated_timestamp, before.history


def evaluate(backend: CloudWatchBackend) -> None:
    """Brings all alarms of a region to their states, and tells whoever is to be told of a change."""
    with _lock:
        for alarm in list(backend.alarms.values()):
            rule = rule_of(alarm)
            if rule is None:
                continue
            found = recent(backend, alarm, rule)
            state = rule.state(found, alarm.state_value)
            if state != alarm.state_value:
                _move(backend, alarm, rule, found, state)


def _move(backend: CloudWatchBackend, alarm: Alarm, rule: Rule, found: Points, state: str) -> None:
    before = alarm.state_value
    with running().changing():
        alarm.update_state(reason(rule, state, found), _data(alarm, rule, found), state)
        del alarm.history[:-REMEMBERED]
        for arn in actions(alarm) if alarm.actions_enabled else ():
            _tell(backend, alarm, before, arn)


def actions(alarm: Alarm) -> Sequence[str]:
    """ARNs of what is to be told of the state that it is in."""
    by_state = {
        ALARM: alarm.alarm_actions,
        OK: alarm.ok_actions,
        INSUFFICIENT_DATA: alarm.insufficient_data_actions,
    }
    return by_state[alarm.state_value]


def _tell(backend: CloudWatchBackend, alarm: Alarm, before: str, arn: str) -> None:
    """Publishes to a topic what AWS does; no other action is taken."""
    to = parse_arn(arn)
    if to.service != "sns":
        log.warning("The alarm %s is %s: %s is not told", alarm.name, alarm.state_value, arn)
        return
    message = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": backend.account_id,
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": f"{alarm.state_updated_timestamp:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "+0000",
        "Region": backend.region_name,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": before,
        "Trigger": {
            "MetricName": alarm.metric_name,
            "Namespace": alarm.namespace,
            "Period": int(alarm.period),
            "EvaluationPeriods": int(alarm.evaluation_periods),
            "Threshold": float(alarm.threshold),
        },
    }
    subject = f'{alarm.state_value}: "{alarm.name}" in {backend.region_name}'
    try:
        sns_backends[to.account][to.region].publish(json.dumps(message), arn=arn, subject=subject[:100])
    except Exception as error:  # a topic that is gone takes nothing from the other actions
        log.warning("The alarm %s could not tell %s: %s", alarm.name, arn, error)


def rule_of(alarm: Alarm) -> Rule | None:
    """None for alarms on expressions, on bands and on other alarms, which keep their states."""
    simple = alarm.rule is None and not alarm.metric_data_queries
    if not simple or alarm.comparison_operator not in COMPARISONS or not is_known(statistic_of(alarm)):
        return None
    periods = int(alarm.evaluation_periods)
    return Rule(
        alarm.comparison_operator,
        float(alarm.threshold),
        periods,
        int(alarm.datapoints_to_alarm or periods),
        alarm.treat_missing_data or MISSING,
    )


def statistic_of(alarm: Alarm) -> str:
    """The name of its statistic, or its percentile."""
    return str(alarm.statistic or alarm.extended_statistic or "")


def metric_of(alarm: Alarm, region: str) -> Metric:
    """What it watches."""
    dimensions: list[Any] = alarm.dimensions
    return Metric.of(
        region, alarm.namespace, alarm.metric_name, **{each.name: each.value for each in dimensions}
    )


def recent(backend: CloudWatchBackend, alarm: Alarm, rule: Rule) -> Points:
    """The data points of an alarm; the newest period ends with the minute that runs."""
    period = max(int(alarm.period), SECONDS)
    end = (int(time.time()) // SECONDS + 1) * SECONDS
    start = end - rule.range * period
    metric = metric_of(alarm, backend.region_name)
    found = dict(
        points(backend, metric, statistic_of(alarm), period=period, start=start, end=end, origin=end)
    )
    return [found.get(moment) for moment in range(start, end, period)]


def reason(rule: Rule, state: str, found: Points) -> str:
    """Why an alarm is in a state, in a sentence."""
    values = [value for value in found if value is not None][-rule.periods :]
    if not values:
        treated = "" if state == INSUFFICIENT_DATA else f", which is taken for {rule.missing}"
        return f"Nothing was measured{treated}."
    beyond = sum(map(rule.breaches, values))
    shown = ", ".join(f"{value:g}" for value in values)
    judged = {ALARM: "Threshold crossed", OK: "Within the threshold", INSUFFICIENT_DATA: "Too little data"}
    return (
        f"{judged[state]}: {beyond} of the last {len(values)} data points [{shown}] met "
        f"{rule.comparison} {rule.threshold:g}; {rule.datapoints} of {rule.periods} raise the alarm."
    )


def _data(alarm: Alarm, rule: Rule, found: Points) -> str:
    recent: Sequence[float] = [value for value in found if value is not None][-rule.periods :]
    return json.dumps(
        {
            "version": "1.0",
            "statistic": statistic_of(alarm),
            "period": int(alarm.period),
            "recentDatapoints": recent,
            "threshold": rule.threshold,
        }
    )
