"""Waits until enough human loops of a batch are answered, by their events."""

from datetime import UTC, datetime, timedelta
from typing import Any

from typing_extensions import override

from include.settings import settings
from millrace.human_loops import Batch, Goal, answered
from millrace.jobs import HUMAN_LOOP
from millrace.triggers.event_stream import EventStream
from millrace.triggers.event_trigger import EventTrigger
from millrace.triggers.routing import Address, batch_address
from millrace.triggers.stopping import finish, is_wanted, listed, stop_batch


class HumanLoopsTrigger(EventTrigger):
    """Fires once, with the batch's name, when enough is answered, no loop is open, or the deadline has come.

    Args:
        batch: the fields of a ``Batch``.
        goal: the fields of a ``Goal``.

    What no event said is made good by listing the loops now and then.
    """

    def __init__(
        self,
        batch: dict[str, Any],
        goal: dict[str, Any],
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
    ) -> None:
        super().__init__(aws_conn_id, region_name)
        self._given = {"batch": batch, "goal": goal}
        self.batch = Batch(**batch)
        self.goal = Goal(**goal)
        self.statuses: dict[str, str] = {}
        self.look_again = timedelta(seconds=settings().reconcile_seconds)

    @override
    def arguments(self) -> dict[str, Any]:
        return dict(self._given)

    @override
    def address(self) -> Address:
        return batch_address(HUMAN_LOOP, self.batch.name)

    @override
    def patience(self) -> float | None:
        return max(0.0, min(super().patience() or 0.0, self._seconds_left()))

    @override
    async def look(self, stream: EventStream) -> dict[str, Any] | None:
        if self._seconds_left() <= 0:
            self.log.info("%s: the deadline has come", self.batch.name)
            return self._payload()
        client = await stream.client(HUMAN_LOOP.service)
        return self._learn(await listed(client, self.batch))

    @override
    def heard(self, news: tuple[str, str]) -> dict[str, Any] | None:
        name, status = news
        return self._learn({name: status})

    @override
    async def on_kill(self) -> None:
        """Stops the open loops if the task that waited for them no longer wants them."""
        if self.task_instance:
            await finish(self._stop_unless_wanted(self.task_instance))

    async def _stop_unless_wanted(self, task: Any) -> None:
        if await is_wanted(task):
            return
        self.log.info("stopping the open loops of %s", self.batch.name)
        await stop_batch(self.batch, self.aws_conn_id, self.region_name)

    def _learn(self, statuses: dict[str, str]) -> dict[str, Any] | None:
        before = len(answered(self.statuses))
        # A list may be older than an event.
        self.statuses |= {
            name: status for name, status in statuses.items() if not HUMAN_LOOP.is_over(self._known(name))
        }
        if (now := len(answered(self.statuses))) > before:
            goal = self.goal
            self.log.info(
                "%s: %d of %d are answered, %d suffice", self.batch.name, now, goal.total, goal.needed
            )
        return self._payload() if self.goal.is_reached(self.statuses) else None

    def _known(self, name: str) -> str:
        return self.statuses.get(name, "")

    def _seconds_left(self) -> float:
        return self.goal.seconds_left(datetime.now(UTC))

    def _payload(self) -> dict[str, Any]:
        return {"name": self.batch.name}
