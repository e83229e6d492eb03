"""What the local SNS delivered to people: texts to telephones and e-mail, which go nowhere from here."""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.sns.models import sns_backends

PROTOCOLS = frozenset({"sms", "email", "email-json"})
MOST = 1_000
"""Deliveries that are kept in each region; older ones are forgotten."""
_KEPT = "deliveries"


@dataclass(frozen=True)
class Delivery:
    """A message that a person would have received."""

    time: datetime
    protocol: str
    to: str
    """A telephone number or an e-mail address."""
    text: str
    message_id: str
    subject: str | None = None
    topic: str | None = None
    """The topic's ARN; None for a text that was sent to a number itself."""


def keep(
    backend: Any,
    protocol: str,
    to: str,
    text: str,
    message_id: str,
    *,
    subject: str | None = None,
    topic: str | None = None,
) -> None:
    """Enters a delivery, made now, into the state of a region's SNS."""
    kept = vars(backend).setdefault(_KEPT, deque(maxlen=MOST))
    kept.append(Delivery(datetime.now(UTC), protocol, to, text, message_id, subject, topic))


def newest_first(account_id: str) -> list[Delivery]:
    """The deliveries of all regions of an account."""
    found = [
        delivery
        for account, _, backend in sns_backends.iter_backends()
        if account == account_id
        for delivery in list(vars(backend).get(_KEPT, ()))
    ]
    return sorted(found, key=lambda delivery: delivery.time, reverse=True)
