"""The table of AWS jobs: everything that launching and waiting must know of a kind, as data.

A row names operations as AWS's own API reference does; paths are JMESPath into the
answer of the describe operation, or into an event. The events, their sources, detail
types and fields are documented at
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
class Listing:
    """The operation that lists jobs of a kind, changed after a moment, with their statuses.

    ``items`` is the member of its answer; ``name`` and ``status`` are members of an item.
    """

    operation: str
    items: str
    name: str
    status: str
    changed_after: str = "LastModifiedTimeAfter"


@dataclass(frozen=True)
class JobKind:
    """One kind of AWS job.

    ``result`` maps a name to the path of what belongs in the task's result, ``usage`` to what
    a cost report needs. ``not_found`` and ``exists`` are the errors that say so. A failure whose
    reason begins with one of ``permanent`` would fail again: a retry would only be paid for.
    ``console`` is the part of the console's address under which a job has its page.
    """

    name: str
    service: str
    start: str
    describe: str
    stop: str | None
    listing: Listing
    name_field: str
    status: str
    reason: str
    succeeded: frozenset[str]
    failed: frozenset[str]
    stopped: frozenset[str]
    event: EventPattern
    not_found: tuple[ErrorPattern, ...]
    exists: tuple[ErrorPattern, ...]
    console: str
    stopping: frozenset[str] = frozenset()
    result: Mapping[str, str] = field(default_factory=dict)
    usage: Mapping[str, str] = field(default_factory=dict)
    permanent: tuple[str, ...] = ()
    log_group: str | None = None
    log_prefix: str = "{name}/"
    started: str | None = None
    ended: str | None = None
    max_name_length: int = 63
    takes_tags: bool = True

    @property
    def terminal(self) -> frozenset[str]:
        """Statuses that a job of this kind does not leave by itself."""
        return self.succeeded | self.failed | self.stopped

    def is_over(self, status: str) -> bool:
        """Whether a status, of a description or of an event, is terminal.

        ``IN_SERVICE`` of an event and ``InService`` of a description are the same.
        """
        return _spelling(status) in {_spelling(known) for known in self.terminal}


def _spelling(status: str) -> str:
    return status.replace("_", "").lower()


def _sagemaker_event(kind: str, name_field: str, status: str) -> EventPattern:
    return EventPattern(
        source="aws.sagemaker",
        detail_type=f"SageMaker {kind} State Change",
        name=f"detail.{name_field}",
        status=f"detail.{status}",
    )


def _sagemaker_job(kind: str, *, called: str, spaced: str | None = None, **row: Any) -> JobKind:
    """A row of SageMaker's batch jobs, whose API names everything after the kind, e.g. ``Training``.

    ``called`` is what people call it; ``spaced`` is the kind as events spell it.
    """
    common: dict[str, Any] = {
        "log_group": f"/aws/sagemaker/{kind}Jobs",
        "started": f"{kind}StartTime",
        "ended": f"{kind}EndTime",
        "reason": "FailureReason",
    }
    return JobKind(
        name=f"SageMaker {called} job",
        service="sagemaker",
        start=f"Create{kind}Job",
        describe=f"Describe{kind}Job",
        stop=f"Stop{kind}Job",
        listing=Listing(f"List{kind}Jobs", f"{kind}JobSummaries", f"{kind}JobName", f"{kind}JobStatus"),
        name_field=f"{kind}JobName",
        status=f"{kind}JobStatus",
        succeeded=frozenset({"Completed"}),
        stopped=frozenset({"Stopped"}),
        stopping=frozenset({"Stopping"}),
        event=_sagemaker_event(f"{spaced or kind} Job", f"{kind}JobName", f"{kind}JobStatus"),
        not_found=(
            ErrorPattern("ValidationException", "could not find"),
            ErrorPattern("ValidationException", "not found"),
            ErrorPattern("ResourceNotFound"),
        ),
        exists=(ErrorPattern("ResourceInUse"),),
        permanent=("AlgorithmError", "ClientError"),
        **{"failed": frozenset({"Failed"}), **common, **row},
    )


PROCESSING = _sagemaker_job(
    "Processing",
    called="processing",
    console="processing-jobs",
    reason="join(' ', [FailureReason, ExitMessage][?@])",
    result={
        "arn": "ProcessingJobArn",
        "outputs": "ProcessingOutputConfig.Outputs[].[OutputName, S3Output.S3Uri]",
    },
    usage={
        "instance_type": "ProcessingResources.ClusterConfig.InstanceType",
        "instance_count": "ProcessingResources.ClusterConfig.InstanceCount",
    },
)

TRAINING = _sagemaker_job(
    "Training",
    called="training",
    console="jobs",
    # Of a job that was stopped only the last status message says by which limit.
    reason="join(' ', [FailureReason, SecondaryStatusTransitions[-1].StatusMessage][?@])",
    result={
        "arn": "TrainingJobArn",
        "artifact": "ModelArtifacts.S3ModelArtifacts",
        "metrics": "FinalMetricDataList[].[MetricName, Value]",
        "outputs": "[['model', ModelArtifacts.S3ModelArtifacts]]",
        "training_seconds": "TrainingTimeInSeconds",
        "billable_seconds": "BillableTimeInSeconds",
    },
    usage={
        "instance_type": "ResourceConfig.InstanceType",
        "instance_count": "ResourceConfig.InstanceCount",
        "billable_seconds": "BillableTimeInSeconds",
    },
)

TUNING = _sagemaker_job(
    "HyperParameterTuning",
    called="tuning",
    spaced="HyperParameter Tuning",
    console="hyper-tuning-jobs",
    failed=frozenset({"Failed", "DeleteFailed"}),
    # Its own work is done by training jobs, whose names begin with its name.
    log_group="/aws/sagemaker/TrainingJobs",
    log_prefix="{name}-",
    started="CreationTime",
    ended="HyperParameterTuningEndTime",
    max_name_length=32,
    result={
        "arn": "HyperParameterTuningJobArn",
        "best_job": "BestTrainingJob.TrainingJobName",
        "objective": "BestTrainingJob.FinalHyperParameterTuningJobObjectiveMetric.Value",
        "hyperparameters": "BestTrainingJob.TunedHyperParameters",
        "training_jobs": "TrainingJobStatusCounters",
    },
    usage={
        "instance_type": "TrainingJobDefinition.ResourceConfig.InstanceType",
        "instance_count": "TrainingJobDefinition.ResourceConfig.InstanceCount",
        "billable_seconds": "ConsumedResources.RuntimeInSeconds",
    },
)

TRANSFORM = _sagemaker_job(
    "Transform",
    called="transform",
    console="transform-jobs",
    result={
        "arn": "TransformJobArn",
        "outputs": "[['transformed', TransformOutput.S3OutputPath]]",
    },
    usage={
        "instance_type": "TransformResources.InstanceType",
        "instance_count": "TransformResources.InstanceCount",
    },
)

ENDPOINT = JobKind(
    name="SageMaker endpoint",
    service="sagemaker",
    start="CreateEndpoint",
    describe="DescribeEndpoint",
    # An endpoint is not a job that can be stopped: what a launch made is deleted by a tear-down.
    stop=None,
    listing=Listing("ListEndpoints", "Endpoints", "EndpointName", "EndpointStatus"),
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
    console="endpoints",
    result={"arn": "EndpointArn", "endpoint": "EndpointName", "config": "EndpointConfigName"},
    log_group="/aws/sagemaker/Endpoints",
)

KINDS: Mapping[str, JobKind] = {
    kind.name: kind for kind in (PROCESSING, TRAINING, TUNING, TRANSFORM, ENDPOINT)
}
"""Every row by its name, which is how a trigger's arguments refer to it."""
