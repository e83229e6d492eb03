"""Waiting for a job that something else started."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException
from typing_extensions import override

from millrace.hooks.jobs import JobHook
from millrace.jobs import JobKind
from millrace.links import JobLink, LogLink
from millrace.pages import job_page, log_page
from millrace.sensors.base import AwsSensor
from millrace.triggers.job_event import JobEventTrigger


class JobCompletionSensor(AwsSensor):
    """Waits until a job is over; it may still have to be started. It never stops the job.

    Args:
        kind: the row of ``millrace.jobs``.
        job_name: the job's name on AWS, or ``<place>/<id>`` where AWS gives an id; templated.

    The result is the row's small mapping. Fails if the job ends without success.
    """

    template_fields: Sequence[str] = ("job_name",)
    operator_extra_links = (JobLink(), LogLink())

    def __init__(self, *, kind: JobKind, job_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind
        self.job_name = job_name
        self.links: dict[str, str | None] = {}

    @override
    def execute(self, context: Context) -> dict[str, Any]:
        return self.resume(context)

    def resume(self, _context: Context, event: Mapping[str, Any] | None = None) -> dict[str, Any]:  # noqa: ARG002  # Airflow passes it
        """The description decides, whatever woke the task."""
        description, meta = self.hook.describe(self.job_name), self.hook.conn.meta
        self.links = {
            JobLink.name: job_page(meta, self.kind, self.job_name),
            LogLink.name: log_page(meta, self.kind, self.job_name),
        }
        if description is None or not description.is_over:
            status = description.status if description else "not there yet"
            self.log.info("%s %s is %s", self.kind.name, self.job_name, status)
            self.defer(
                trigger=JobEventTrigger(
                    self.kind.name, self.job_name, self.aws_conn_id, self.region_name, owned=False
                ),
                method_name=self.resume.__name__,
                timeout=timedelta(seconds=self.timeout),
            )
            raise AssertionError("defer() never returns")
        if not description.has_succeeded:
            raise AirflowFailException(
                f"{self.kind.name} {self.job_name} is {description.status}: {description.reason}"
            )
        return {"name": self.job_name, **description.result}

    @cached_property
    def hook(self) -> JobHook:
        """Calls about this sensor's kind of job."""
        return JobHook(self.kind, self.aws_conn_id, self.region_name)
