"""What every finished job leaves for cost reports: one small JSON document in S3, under the day it ended.

``s3://<bucket>/<tenant>/finished-jobs/<YYYY-MM-DD>/<job name>.json``; a name is unique, so a record
that is written twice is one record.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Protocol, Self

from include.settings import settings
from include.tags import task_tags
from millrace.descriptions import JobDescription
from millrace.hooks.jobs import JobHook
from millrace.hooks.s3 import S3


class TaskKey(Protocol):
    """What tells which task launched a job."""

    dag_id: str
    run_id: str
    task_id: str


@dataclass(frozen=True)
class FinishedJob:
    """A job as it was when its task was done with it.

    ``seconds`` run from its start to its end or, where a task was cancelled while it ran (``status`` is
    then not terminal), to that moment. ``billable_seconds`` are AWS's, where AWS gives them. Times are
    ISO 8601 in UTC.
    """

    kind: str
    name: str
    status: str
    instance_type: str | None
    instance_count: int | None
    seconds: float | None
    billable_seconds: int | None
    started: str | None
    ended: str
    tags: dict[str, str]

    @classmethod
    def of(cls, description: JobDescription, task: TaskKey) -> Self:
        """From a job's description."""
        usage, started = description.usage, description.started
        end = description.ended or datetime.now(UTC)
        return cls(
            kind=description.kind.name,
            name=description.name,
            status=description.status,
            instance_type=usage.get("instance_type"),
            instance_count=usage.get("instance_count"),
            seconds=round((end - started).total_seconds(), 3) if started else None,
            billable_seconds=usage.get("billable_seconds"),
            started=started.astimezone(UTC).isoformat() if started else None,
            ended=end.astimezone(UTC).isoformat(),
            tags=task_tags(settings(), task.dag_id, task.run_id, task.task_id),
        )

    @property
    def uri(self) -> str:
        """Where the record is kept."""
        day = self.ended[:10]
        return f"s3://{settings().bucket}/{settings().tenant}/finished-jobs/{day}/{self.name}.json"

    def to_json(self) -> bytes:
        """The record as it is kept."""
        return json.dumps(asdict(self)).encode()


def keep(job: FinishedJob, aws_conn_id: str | None, region_name: str | None) -> None:
    """Writes the record."""
    S3(aws_conn_id, region_name).write(job.uri, job.to_json())


def stop(hook: JobHook, name: str, task: TaskKey) -> None:
    """Stops a job that its task no longer wants, and records it."""
    description = hook.stop(name)
    if description and hook.kind.usage:
        keep(FinishedJob.of(description, task), hook.aws_conn_id, hook.region_name)
