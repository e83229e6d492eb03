"""One remote job through its row of the table: start, describe, stop, and what it printed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from millrace.descriptions import JobDescription
from millrace.hooks.aws import AwsHook
from millrace.jobs import ErrorPattern, JobKind

LOG_TAIL_LINES = 40


class JobHook(AwsHook):
    """Calls AWS about jobs of one kind."""

    def __init__(self, kind: JobKind, aws_conn_id: str | None, region_name: str | None = None) -> None:
        super().__init__(kind.service, aws_conn_id, region_name)
        self.kind = kind

    def start(self, name: str, request: Mapping[str, Any]) -> bool:
        """Starts a job; False if AWS has one of this name already, which is then the same launch.

        Raises:
            botocore.exceptions.ClientError: AWS refuses the request.
        """
        try:
            self._call(self.kind.start, **{self.kind.name_field: name}, **request)
        except ClientError as error:
            if is_one_of(error, self.kind.exists):
                return False
            raise
        return True

    def describe(self, name: str) -> JobDescription | None:
        """The job's description, or None if AWS does not know the name."""
        try:
            answer = self._call(self.kind.describe, **{self.kind.name_field: name})
        except ClientError as error:
            if is_one_of(error, self.kind.not_found):
                return None
            raise
        answer.pop("ResponseMetadata", None)
        return JobDescription(self.kind, answer)

    def stop(self, name: str) -> JobDescription | None:
        """Asks AWS to stop the job, once; None if AWS does not know it, else how it was found.

        There is nothing to do if it is over, is stopping already, or is of a kind that cannot be stopped.
        """
        description = self.describe(name) if self.kind.stop else None
        if description is None or not description.can_be_stopped:
            return description
        try:
            self._call(str(self.kind.stop), **{self.kind.name_field: name})
            self.log.info("%s %s: asked AWS to stop it", self.kind.name, name)
        except ClientError as error:
            if not is_one_of(error, self.kind.cannot_stop):
                raise
            self.log.warning("%s %s is not stopped: %s", self.kind.name, name, error)
        return description

    def log_tail(self, name: str, lines: int = LOG_TAIL_LINES) -> Iterator[str]:
        """The last lines that the job printed, stream by stream."""
        if self.kind.log_group is None:
            return
        logs = AwsHook("logs", self.aws_conn_id, self._region_name).conn
        group, prefix = (text.format(name=name) for text in (self.kind.log_group, self.kind.log_prefix))
        only = {"logStreamNamePrefix": prefix} if prefix else {}
        try:
            streams = logs.describe_log_streams(logGroupName=group, **only)["logStreams"]
        except logs.exceptions.ResourceNotFoundException:
            return
        for stream in streams:
            events = logs.get_log_events(
                logGroupName=group,
                logStreamName=stream["logStreamName"],
                limit=lines,
                startFromHead=False,
            )["events"]
            yield from (event["message"] for event in events)

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self.conn, xform_name(operation))(**request)
        return answer


def is_one_of(error: ClientError, patterns: Sequence[ErrorPattern]) -> bool:
    """Whether an AWS error matches one of a row's patterns."""
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    return any(pattern.matches(code, message) for pattern in patterns)
