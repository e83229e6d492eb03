"""EventBridge: every target gets the event, in AWS's envelope, matched by AWS's rules."""

from typing import TYPE_CHECKING

from moto.events.models import EventPattern, EventsBackend, Rule

from local.aws.services.events import bus, pattern, scheduled

if TYPE_CHECKING:
    from local.aws.server import LocalAws


def install(_aws: "LocalAws") -> None:
    """Replaces the methods of moto that match an event, that deliver it, and that take a rule."""
    Rule.send_to_targets = bus.send_to_targets  # type: ignore[method-assign]
    EventsBackend.put_rule = scheduled.put_rule  # type: ignore[method-assign, assignment]
    EventPattern.matches_event = pattern.matches_event  # type: ignore[method-assign]
