"""Waits until an AWS job is over, by its event."""

from typing import Any

import jmespath
from botocore import xform_name
from botocore.exceptions import ClientError
from typing_extensions import override

from millrace.hooks.jobs import is_one_of
from millrace.jobs import KINDS
from millrace.triggers.event_stream import EventStream
from millrace.triggers.event_trigger import EventTrigger
from millrace.triggers.routing import Address
from millrace.triggers.stopping import finish, is_wanted, stop


class JobEventTrigger(EventTrigger):
    """Fires once, with the job's name, when the job is over.

    Args:
        kind: the name of a row of ``millrace.jobs``.
        name: the job's name or, where AWS gives an id, its reference by that.
        owned: the task has launched the job: it is stopped when the task is cancelled, and if it is
            not there the task is woken to say so. A job that is not owned may still have to come.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        owned: bool = True,
    ) -> None:
        super().__init__(aws_conn_id, region_name)
        self.kind = KINDS[kind]
        self.name = name
        self.owned = owned

    @override
    def arguments(self) -> dict[str, Any]:
        return {"kind": self.kind.name, "name": self.name, "owned": self.owned}

    @override
    def address(self) -> Address:
        return self.kind.name, self.name

    @override
    async def look(self, stream: EventStream) -> dict[str, Any] | None:
        client = await stream.client(self.kind.service)
        try:
            answer = await getattr(client, xform_name(self.kind.describe))(**self.kind.identity(self.name))
        except ClientError as error:
            if not is_one_of(error, self.kind.not_found):
                raise
            return self._payload() if self.owned else None
        return self.heard(jmespath.search(self.kind.status, answer))

    @override
    def heard(self, news: str) -> dict[str, Any] | None:
        return self._payload() if self.kind.is_over(news) else None

    @override
    async def on_kill(self) -> None:
        """Stops the job if the task that waited for it no longer wants it.

        Airflow also calls this when a triggerer was suspended or lost its claim; the task's own
        state tells the difference.
        """
        if self.task_instance and self.owned and self.kind.stop:
            await finish(self._stop_unless_wanted(self.task_instance))

    async def _stop_unless_wanted(self, task: Any) -> None:
        if await is_wanted(task):
            return
        self.log.info("stopping %s %s", self.kind.name, self.name)
        await stop(self.kind, self.name, task, self.aws_conn_id, self.region_name)

    def _payload(self) -> dict[str, Any]:
        return {"name": self.name}
