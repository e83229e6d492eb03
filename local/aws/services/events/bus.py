"""Takes an event to the targets of the rules that it matches."""

import json
import logging
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from moto.events.models import EventsBackend, Rule, events_backends

from local.aws.services.events import targets
from local.aws.services.events.transform import target_input

log = logging.getLogger(__name__)

Event = Any
"""A dictionary in AWS's envelope."""


def publish(  # noqa: PLR0917  # an event has these fields
    source: str, detail_type: str, detail: dict[str, Any], resources: list[str], account: str, region: str
) -> str:
    """Sends an event of an AWS service to the default bus; returns the event's id."""
    event = {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": time.time(),
        "region": region,
        "resources": resources,
        "detail": detail,
    }
    backend: EventsBackend = events_backends[account][region]
    for rule in list(backend.event_buses["default"].rules.values()):
        send_to_targets(rule, event)
    return str(event["id"])


def send_to_targets(self: Rule, original_event: Any, *_: Any, **__: Any) -> None:
    """Delivers the event to each target of a rule, if the rule is enabled and matches."""
    rule, event = self, envelope(original_event)
    if rule.state == "DISABLED" or rule.scheduled_expression or not rule.event_pattern.matches_event(event):
        return
    deliver(rule, event)


def deliver(rule: Rule, event: Event) -> None:
    """Takes an event to each target of a rule.

    A target that fails is logged, its event goes to its dead-letter queue if it has one, and the
    others get theirs.
    """
    for target in list(rule.targets):
        try:
            targets.send(rule, target, event, target_input(target, event, rule))
        except Exception as error:  # whatever one target does must not cost the others their event
            log.warning("Rule %s lost event %s for %s: %s", rule.name, event["id"], target["Arn"], error)
            _bury(rule, target, event, error)


def envelope(event: Any) -> Event:
    """The event as AWS writes it: time in ISO format, fields in AWS's order, nothing of moto's."""
    moment = event["time"]
    if not isinstance(moment, str):
        moment = datetime.fromtimestamp(float(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    fields = ("version", "id", "detail-type", "source", "account", "time", "region", "resources")
    ordered = {name: event[name] for name in fields} | {"time": moment}
    if "replay-name" in event:
        ordered["replay-name"] = event["replay-name"]
    if "archive-arn" in event:
        ordered["archive-arn"] = event["archive-arn"]
    return ordered | {"detail": event["detail"]}


def _bury(rule: Rule, target: dict[str, Any], event: Event, error: Exception) -> None:
    queue = target.get("DeadLetterConfig", {}).get("Arn")
    if not queue:
        return
    reasons = {
        "RULE_ARN": rule.arn,
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": "SDK_CLIENT_ERROR",
        "ERROR_MESSAGE": str(error) or type(error).__name__,
    }
    attributes = {name: {"DataType": "String", "StringValue": text} for name, text in reasons.items()}
    try:
        targets.to_queue(queue, json.dumps(event), attributes=attributes)
    except Exception:  # the end of the line
        log.exception("The dead-letter queue %s did not take event %s", queue, event["id"])
