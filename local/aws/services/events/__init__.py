"""EventBridge: every target gets the event, in AWS's envelope, matched by AWS's rules."""

from typing import TYPE_CHECKING

from moto.events.models import EventPattern, Rule

from local.aws.services.events import bus, pattern

if TYPE_CHECKING:
    from local.aws.server import LocalAws


def install(_aws: "LocalAws") -> None:
    """Replaces the two methods of moto that match an event and that deliver it."""
    Rule.send_to_targets = bus.send_to_targets  # type: ignore[method-assign]
    EventPattern.matches_event = pattern.matches_event  # type: ignore[method-assign]
