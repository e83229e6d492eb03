"""EventBridge Scheduler, and the schedules of EventBridge's rules: one clock for both.

Times that pass while the server is down are not made up for, but for a schedule that happens once: that one
is carried out late, as long as its retry policy lets an event be old.
"""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from moto.scheduler.models import scheduler_backends
from moto.scheduler.responses import EventBridgeSchedulerResponse

from local.aws.clients import Clients
from local.aws.current import Current
from local.aws.services.events import scheduled
from local.aws.services.scheduler.backend import LocalScheduler
from local.aws.services.scheduler.clock import Clock, Timer
from local.aws.services.scheduler.invocations import Invoker

if TYPE_CHECKING:
    from local.aws.server import LocalAws

clock = Current[Clock]("EventBridge Scheduler")
_update = EventBridgeSchedulerResponse.update_schedule


def install(aws: "LocalAws") -> None:
    """Puts the backend in place."""
    clock.set(Clock((_timers, partial(scheduled.timers, aws.changing))))
    LocalScheduler.invoker = Invoker(Clients(aws), clock())
    scheduler_backends.backend = LocalScheduler
    EventBridgeSchedulerResponse.update_schedule = update_schedule  # type: ignore[method-assign]


def recover() -> None:
    """Starts the clock."""
    clock().start()


def stop() -> None:
    """Stops the clock."""
    clock().stop()


def update_schedule(self: Any) -> str:
    """Moto's, which forgets what is to happen after completion."""
    answer: str = _update(self)
    name = self.uri.split("?")[0].split("/")[-1]
    schedule = self.scheduler_backend.get_schedule(self._get_param("GroupName"), name)
    schedule.action_after_completion = self._get_param("ActionAfterCompletion") or "NONE"
    return answer


def _timers() -> Iterable[Timer]:
    for _, _, backend in scheduler_backends.iter_backends():
        if isinstance(backend, LocalScheduler):
            yield from backend.timers()
