"""The table of AWS jobs: everything that launching and waiting must know of a kind, as data.

A row names operations as AWS's own API reference does; paths are JMESPath into the
answer of the describe operation, or into an event. The events are documented at
https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath


@dataclass(frozen=True)
class EventPattern:
    """The EventBridge event of a kind's state changes, with the paths of name and status in it."""

    source: str
    detail_type: str
    name: str
    status: str

    def read(self, event: Mapping[str, Any]) -> tuple[str, str] | None:
        """The name and status that an event announces, or None if it is of another kind."""
        if event.get("source") != self.source or event.get("detail-type") != self.detail_type:
            return None
        name, status = jmespath.search(self.name, event), jmespath.search(self.status, event)
        return (name, status) if isinstance(name, str) and isinstance(status, str) else None


@dataclass(frozen=True)
class ErrorPattern:
    """An AWS error by its code and, where a code means several things, words of its message."""

    code: str
    words: str = ""

    def matches(self, code: str, message: str) -> bool:
        """Whether an error is the one meant; the case of the words does not matter."""
        return code == self.code and self.words.lower() in message.lower()


@dataclass(frozen=True)
class JobKind:
    """One kind of AWS job.

    ``result`` maps a name to the path of what belongs in the task's result;
    ``not_found`` and ``exists`` are the errors that say so. A failure whose reason begins
    with one of ``permanent`` would fail again: a retry would only be paid for.
    """

    name: str
    service: str
    start: str
    describe: str
    stop: str | None
    name_field: str
    status: str
    reason: str
    succeeded: frozenset[str]
    failed: frozenset[str]
    stopped: frozenset[str]
    event: EventPattern
    not_found: tuple[ErrorPattern, ...]
    exists: tuple[ErrorPattern, ...]
    result: Mapping[str, str] = field(default_factory=dict)
    permanent: tuple[str, ...] = ()
    log_group: str | None = None
    started: str | None = None
    ended: str | None = None
    max_name_length: int = 63
    takes_tags: bool = True

    @property
    def terminal(self) -> frozenset[str]:
        """Statuses that a job of this kind does not leave by itself."""
        return self.succeeded | self.failed | self.stopped


def _sagemaker_event(kind: str, name_field: str, status: str) -> EventPattern:
    return EventPattern(
        source="aws.sagemaker",
        detail_type=f"SageMaker {kind} State Change",
        name=f"detail.{name_field}",
        status=f"detail.{status}",
    )


def _sagemaker_job(kind: str, **row: Any) -> JobKind:
    """A row of SageMaker's batch jobs, whose API names everything after the kind, e.g. ``Training``."""
    return JobKind(
        name=f"SageMaker {kind.lower()} job",
        service="sagemaker",
        start=f"Create{kind}Job",
        describe=f"Describe{kind}Job",
        stop=f"Stop{kind}Job",
        name_field=f"{kind}JobName",
        status=f"{kind}JobStatus",
        succeeded=frozenset({"Completed"}),
        failed=frozenset({"Failed"}),
        stopped=frozenset({"Stopped"}),
        event=_sagemaker_event(f"{kind} Job", f"{kind}JobName", f"{kind}JobStatus"),
        not_found=(
            ErrorPattern("ValidationException", "could not find"),
            ErrorPattern("ValidationException", "not found"),
            ErrorPattern("ResourceNotFound"),
        ),
        exists=(ErrorPattern("ResourceInUse"),),
        permanent=("AlgorithmError", "ClientError"),
        log_group=f"/aws/sagemaker/{kind}Jobs",
        started=f"{kind}StartTime",
        ended=f"{kind}EndTime",
        **row,
    )


PROCESSING = _sagemaker_job(
    "Processing",
    reason="join(' ', [FailureReason, ExitMessage][?@])",
    result={
        "arn": "ProcessingJobArn",
        "outputs": "ProcessingOutputConfig.Outputs[].[OutputName, S3Output.S3Uri]",
    },
)

TRAINING = _sagemaker_job(
    "Training",
    reason="FailureReason",
    result={
        "arn": "TrainingJobArn",
        "artifact": "ModelArtifacts.S3ModelArtifacts",
        "metrics": "FinalMetricDataList[].[MetricName, Value]",
        "outputs": "[['model', ModelArtifacts.S3ModelArtifacts]]",
        "billable_seconds": "BillableTimeInSeconds",
    },
)

ENDPOINT = JobKind(
    name="SageMaker endpoint",
    service="sagemaker",
    start="CreateEndpoint",
    describe="DescribeEndpoint",
    # An endpoint is not a job that can be stopped: what a launch made is deleted by a tear-down.
    stop=None,
    name_field="EndpointName",
    status="EndpointStatus",
    reason="FailureReason",
    succeeded=frozenset({"InService"}),
    failed=frozenset({"Failed", "UpdateRollbackFailed", "OutOfService"}),
    stopped=frozenset(),
    # The event spells statuses in upper case with underscores; the waiting side only takes it as
    # the news that something changed, and describes.
    event=_sagemaker_event("Endpoint", "EndpointName", "EndpointStatus"),
    not_found=(ErrorPattern("ValidationException", "could not find"),),
    exists=(ErrorPattern("ValidationException", "already existing endpoint"),),
    result={"arn": "EndpointArn", "endpoint": "EndpointName", "config": "EndpointConfigName"},
    log_group="/aws/sagemaker/Endpoints",
    takes_tags=True,
)

KINDS: Mapping[str, JobKind] = {kind.name: kind for kind in (PROCESSING, TRAINING, ENDPOINT)}
"""Every row by its name, which is how a trigger's arguments refer to it."""
