"""All jobs of this server: where each kind is kept, and where in its description things stand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jmespath
from botocore import xform_name
from moto.core.base_backend import BackendDict
from moto.emrcontainers.models import emrcontainers_backends
from moto.glue.models import glue_backends
from moto.redshiftdata.models import redshiftdata_backends
from moto.sagemaker.models import sagemaker_backends
from moto.transcribe.models import transcribe_backends

DAG, RUN, TASK = "millrace:dag", "millrace:run", "millrace:task"
BACKENDS: Mapping[str, BackendDict[Any]] = {
    "emr-containers": emrcontainers_backends,
    "sagemaker": sagemaker_backends,
    "transcribe": transcribe_backends,
    "glue": glue_backends,
    "redshift-data": redshiftdata_backends,
}


@dataclass(frozen=True)
class Kind:
    """One kind of job, named as AWS's console and API do.

    Attributes:
        segment: of the console's addresses and of ours.
        title: in a sentence.
        stem: what the API's members begin with: ``<stem>Name``, ``<stem>Arn``, ``<stem>Status``.
        collection: the backend's dictionary, records by name.
        log_group: of its log; ``{name}`` stands for the job's name.
        own_group: the group is this job's alone; otherwise its streams are ``<name>`` and ``<name>/...``.
        instances: JMESPath of type and count of its machines.
        inputs: JMESPath of lists of name, S3 URI and (optional) path in the container.
        outputs: as ``inputs``.
        service: that runs it, as in an ARN.
        resource: its type in an ARN, where that is not the stem's.
        times: members that say when it was created, started and ended, where the stem does not name them.
        status: JMESPath of the status, where the stem does not name it.
        label: the member that has what people call it, where records are by an id.
        log: JMESPath of its log group and what its streams begin with, where its description says that.
    """

    segment: str
    title: str
    stem: str
    collection: str
    log_group: str = ""
    own_group: bool = False
    instances: str = "[]"
    inputs: str = "[]"
    outputs: str = "[]"
    service: str = "sagemaker"
    resource: str = ""
    times: tuple[str, str, str] | None = None
    status: str = ""
    label: str = ""
    log: str = ""

    @property
    def arn_type(self) -> str:
        """The resource's type in an ARN, ``processing-job``."""
        return self.resource or str(xform_name(self.stem, "-"))

    @property
    def moments(self) -> tuple[str, str, str]:
        """Members of the description that say when a job was created, started and ended."""
        stem = self.stem.removesuffix("Job")
        return self.times or ("CreationTime", f"{stem}StartTime", f"{stem}EndTime")

    @property
    def has_log(self) -> bool:
        """Whether jobs of this kind print anything."""
        return bool(self.log_group or self.log)


_CHANNELS = "[].[ChannelName, DataSource.S3DataSource.S3Uri]"

PROCESSING = Kind(
    "processing-jobs",
    "processing job",
    "ProcessingJob",
    "processing_jobs",
    "/aws/sagemaker/ProcessingJobs",
    instances="ProcessingResources.ClusterConfig.[InstanceType, InstanceCount]",
    inputs="ProcessingInputs[?S3Input].[InputName, S3Input.S3Uri, S3Input.LocalPath]",
    outputs="ProcessingOutputConfig.Outputs[?S3Output].[OutputName, S3Output.S3Uri, S3Output.LocalPath]",
)
TRAINING = Kind(
    "jobs",
    "training job",
    "TrainingJob",
    "training_jobs",
    "/aws/sagemaker/TrainingJobs",
    instances="ResourceConfig.[InstanceType, InstanceCount]",
    inputs=f"InputDataConfig{_CHANNELS}",
    outputs=(
        "[['model', ModelArtifacts.S3ModelArtifacts], ['output', OutputDataConfig.S3OutputPath],"
        " ['checkpoints', CheckpointConfig.S3Uri]][?[1]]"
    ),
)
TUNING = Kind(
    "hyper-tuning-jobs",
    "tuning job",
    "HyperParameterTuningJob",
    "hyper_parameter_tuning_jobs",
    instances="TrainingJobDefinition.ResourceConfig.[InstanceType, InstanceCount]",
    inputs=f"TrainingJobDefinition.InputDataConfig{_CHANNELS}",
    outputs="[['output', TrainingJobDefinition.OutputDataConfig.S3OutputPath]][?[1]]",
)
TRANSFORM = Kind(
    "transform-jobs",
    "transform job",
    "TransformJob",
    "transform_jobs",
    "/aws/sagemaker/TransformJobs",
    instances="TransformResources.[InstanceType, InstanceCount]",
    inputs="[['input', TransformInput.DataSource.S3DataSource.S3Uri]][?[1]]",
    outputs="[['output', TransformOutput.S3OutputPath]][?[1]]",
)
ENDPOINT = Kind(
    "endpoints", "endpoint", "Endpoint", "endpoints", "/aws/sagemaker/Endpoints/{name}", own_group=True
)

_TRANSCRIPT = "[['transcript', Transcript.TranscriptFileUri]][?[1]]"
_STARTED = ("CreationTime", "StartTime", "CompletionTime")

TRANSCRIPTION = Kind(
    "transcription-jobs",
    "transcription job",
    "TranscriptionJob",
    "transcriptions",
    inputs="[['media', Media.MediaFileUri]]",
    outputs=_TRANSCRIPT,
    service="transcribe",
    times=_STARTED,
)
CALL_ANALYTICS = Kind(
    "call-analytics-jobs",
    "call analytics job",
    "CallAnalyticsJob",
    "call_analytics_jobs",
    inputs="[['media', Media.MediaFileUri]]",
    outputs=_TRANSCRIPT,
    service="transcribe",
    resource="analytics",
    times=_STARTED,
)
LANGUAGE_MODEL = Kind(
    "language-models",
    "language model",
    "Model",
    "language_models",
    inputs="[['training', InputDataConfig.S3Uri], ['tuning', InputDataConfig.TuningDataS3Uri]][?[1]]",
    service="transcribe",
    resource="language-model",
    times=("CreateTime", "CreateTime", "LastModifiedTime"),
)
CRAWLER = Kind(
    "crawlers",
    "crawler",
    "Crawler",
    "crawlers",
    "/aws-glue/crawlers",
    inputs="Targets.S3Targets[].['target', Path]",
    service="glue",
    times=("CreationTime", "", ""),
    status="(State == 'READY' && LastCrawl.Status) || State",
)

_CLOUD_WATCH = "configurationOverrides.monitoringConfiguration.cloudWatchMonitoringConfiguration"
EMR_ON_EKS = Kind(
    "emr-on-eks-job-runs",
    "EMR on EKS job run",
    "JobRun",
    "job_runs",
    outputs=(
        "[['logs', configurationOverrides.monitoringConfiguration.s3MonitoringConfiguration.logUri]][?[1]]"
    ),
    service="emr-containers",
    resource="jobruns",
    times=("createdAt", "createdAt", "finishedAt"),
    status="state",
    label="name",
    log=(
        f"{_CLOUD_WATCH} && [{_CLOUD_WATCH}.logGroupName, "
        f"join('/', [{_CLOUD_WATCH}.logStreamNamePrefix, virtualClusterId, 'jobs', id, ''][?@ != `null`])]"
    ),
)

REDSHIFT_STATEMENT = Kind(
    "redshift-statements",
    "Redshift statement",
    "Statement",
    "statements",
    service="redshift-data",
    times=("CreatedAt", "CreatedAt", "UpdatedAt"),
    status="Status",
)

KINDS: Mapping[str, Kind] = {
    kind.segment: kind
    for kind in (
        PROCESSING,
        TRAINING,
        TUNING,
        TRANSFORM,
        ENDPOINT,
        TRANSCRIPTION,
        CALL_ANALYTICS,
        LANGUAGE_MODEL,
        EMR_ON_EKS,
        CRAWLER,
        REDSHIFT_STATEMENT,
    )
}
"""Every kind by its segment."""
_BY_RESOURCE = {(kind.service, kind.arn_type): kind for kind in KINDS.values()}


@dataclass(frozen=True)
class Job:
    """A job or endpoint at one moment.

    Attributes:
        description: the answer of its describe operation.
    """

    kind: Kind
    name: str
    region: str
    description: Mapping[str, Any]
    tags: Mapping[str, str]

    @property
    def status(self) -> str:
        """In the spelling of its describe operation."""
        path = self.kind.status or f"{self.kind.stem}Status"
        return str(jmespath.search(path, self.description) or "")

    @property
    def label(self) -> str:
        """What people call it."""
        return str(self.description.get(self.kind.label) or self.name)

    @property
    def log(self) -> tuple[str, str] | None:
        """Its log group and what the names of its streams begin with; None if it has no log."""
        if self.kind.log:
            found = jmespath.search(self.kind.log, self.description)
            return (found[0], found[1]) if found else None
        if not self.kind.log_group:
            return None
        return self.kind.log_group.format(name=self.name), "" if self.kind.own_group else f"{self.name}/"

    @property
    def dag(self) -> str:
        """The DAG whose run started it; empty if none did."""
        return self.tags.get(DAG, "")


def every(account: str) -> Iterator[Job]:
    """All jobs and endpoints of an account."""
    for kind in KINDS.values():
        for region, backend in _regions(account, kind):
            for name, record in list(getattr(backend, kind.collection).items()):
                if job := _job(kind, name, region, record):
                    yield job


def find(account: str, kind: Kind, name: str) -> Job | None:
    """The job of this name, in whichever region."""
    for region, backend in _regions(account, kind):
        if job := _job(kind, name, region, getattr(backend, kind.collection).get(name)):
            return job
    return None


def of_arn(arn: str) -> Job | None:
    """The job or endpoint that an ARN names."""
    parts = arn.split(":", 5)
    if len(parts) != 6:  # noqa: PLR2004  # an ARN's parts
        return None
    # That of a job run begins with the virtual cluster that it belongs to.
    *_, type_, name = ["", *parts[5].split("/")]
    kind = _BY_RESOURCE.get((parts[2], type_))
    return find(parts[4], kind, name) if kind else None


def _regions(account: str, kind: Kind) -> list[tuple[str, Any]]:
    """Backends by region; asking for an account that has none makes none."""
    return list((BACKENDS[kind.service].get(account) or {}).items())


def _job(kind: Kind, name: str, region: str, record: Any) -> Job | None:
    """None for what moto made itself: it runs nothing and has no description."""
    description = getattr(record, "description", None)
    if not isinstance(description, dict):
        return None
    return Job(kind, name, region, description, tags_of(getattr(record, "tags", None)))


def tags_of(tags: Any) -> dict[str, str]:
    """Tags as a dictionary; what is no list of tags has none."""
    if not isinstance(tags, list):
        return {}
    return {
        str(tag["Key"]): str(tag.get("Value", "")) for tag in tags if isinstance(tag, dict) and "Key" in tag
    }
