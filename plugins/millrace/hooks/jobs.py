"""One remote job through its row of the table: start, describe, stop, and what it printed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from botocore import xform_name
from botocore.exceptions import ClientError

from include.settings import settings
from millrace.descriptions import JobDescription
from millrace.hooks.aws import AwsHook
from millrace.jobs import ErrorPattern, JobKind

LOG_TAIL_LINES = 40


class Started(NamedTuple):
    """What came of a start: the job's reference, and whether this call has started it."""

    reference: str
    is_new: bool


class JobHook(AwsHook):
    """Calls AWS about jobs of one kind, which are meant by their references: see ``JobKind``."""

    def __init__(self, kind: JobKind, aws_conn_id: str | None, region_name: str | None = None) -> None:
        super().__init__(kind.service, aws_conn_id, region_name)
        self.kind = kind

    def start(self, name: str, request: Mapping[str, Any]) -> Started:
        """Starts a job, unless AWS has one of this name already, which is then the same launch.

        Raises:
            botocore.exceptions.ClientError: AWS refuses the request.
        """
        given = self.kind.given_id
        token = {given.token: name} if given else {}
        try:
            answer = self._call(self.kind.start, **{self.kind.name_field: name}, **token, **request)
        except ClientError as error:
            if is_one_of(error, self.kind.exists):
                return Started(name, is_new=False)
            raise
        # Where the token was used before, the answer has the id of the job that was started with it.
        reference = self.kind.placed(answer[given.field], request) if given else name
        return Started(reference, is_new=True)

    def find(self, reference: str) -> str | None:
        """The reference by which AWS can be asked about a job, or None while it has none of this name."""
        sought, given = self.kind.sought(reference), self.kind.given_id
        if sought is None or given is None:
            return reference
        place, name = sought
        where, search = self.kind.located(place), given.search
        if where and not place:
            return None  # Nothing was called yet.
        pages = self.conn.get_paginator(xform_name(search.operation))
        for page in pages.paginate(**where, **search.options, **{search.name: name}):
            for item in page[search.items]:
                if item.get(search.name) == name:
                    return self.kind.placed(item[given.field], where)
        return None

    def describe(self, reference: str) -> JobDescription | None:
        """The job's description, or None if AWS does not know it."""
        found = self.find(reference)
        if found is None:
            return None
        try:
            answer = self._call(self.kind.describe, **self.kind.identity(found))
        except ClientError as error:
            if is_one_of(error, self.kind.not_found):
                return None
            raise
        answer.pop("ResponseMetadata", None)
        return JobDescription(self.kind, answer)

    def stop(self, reference: str) -> JobDescription | None:
        """Asks AWS to stop the job, once; None if AWS does not know it, else how it was found.

        There is nothing to do if it is over, is stopping already, or is of a kind that cannot be stopped.
        """
        description = self.describe(reference) if self.kind.stop else None
        if description is None or not description.can_be_stopped:
            return description
        name = description.name
        try:
            self._call(str(self.kind.stop), **self.kind.identity(description.reference))
            self.log.info("%s %s: asked AWS to stop it", self.kind.name, name)
        except ClientError as error:
            if not is_one_of(error, self.kind.cannot_stop):
                raise
            self.log.warning("%s %s is not stopped: %s", self.kind.name, name, error)
        return description

    def log_tail(self, reference: str, lines: int = LOG_TAIL_LINES) -> Iterator[str]:
        """The last lines that the job printed, stream by stream."""
        found = self.kind.log_streams(reference, settings().environment)
        if found is None:
            return
        group, prefix = found
        logs = AwsHook("logs", self.aws_conn_id, self._region_name).conn
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
