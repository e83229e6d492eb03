"""Rules with a schedule: their times, and the event that their targets get."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from moto.events.models import EventsBackend, Rule, events_backends

from local.aws.services.events.bus import deliver
from local.aws.services.scheduler.clock import Timer
from local.aws.services.scheduler.expressions import ExpressionError, Rate, parse

_KNOWN_SINCE = "known_since"


def timers(changing: Callable[[], AbstractContextManager[None]]) -> Iterable[Timer]:
    """Of all rules with a schedule that are enabled; ``changing`` holds snapshots off."""
    for _, _, found in events_backends.iter_backends():
        backend: Any = found
        for rule in list(backend.event_buses["default"].rules.values()):
            if rule.scheduled_expression and rule.state != "DISABLED":
                yield _timer(rule, changing)


def _timer(rule: Rule, changing: Callable[[], AbstractContextManager[None]]) -> Timer:
    since: datetime = vars(rule).setdefault(_KNOWN_SINCE, datetime.now(UTC))
    found = parse(rule.scheduled_expression, UTC, since)
    first = since + found.period if isinstance(found, Rate) else since
    return Timer((rule.arn, since), found, first, partial(_fire, rule, changing))


def _fire(rule: Rule, changing: Callable[[], AbstractContextManager[None]], time: datetime) -> None:
    event = {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": rule.account_id,
        "time": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        "region": rule.region_name,
        "resources": [rule.arn],
        "detail": {},
    }
    with changing():
        deliver(rule, event)


_put_rule = EventsBackend.put_rule


def put_rule(self: EventsBackend, name: str, **options: Any) -> Rule:
    """Moto's, which takes expressions that have no times."""
    text = options.get("scheduled_expression")
    if isinstance(text, str):
        from moto.events.exceptions import ValidationException  # noqa: PLC0415

        try:
            parse(text, UTC, datetime.now(UTC))
        except ExpressionError as error:
            raise ValidationException(f"Parameter ScheduleExpression is not valid: {error}") from error
    rule = _put_rule(self, name, **options)
    vars(rule)[_KNOWN_SINCE] = datetime.now(UTC)
    return rule
