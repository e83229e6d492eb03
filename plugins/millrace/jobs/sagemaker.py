"""SageMaker's jobs and endpoints.

The events, their sources, detail types and fields are documented at
https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

from typing import Any

from millrace.jobs.kind import ErrorPattern, EventPattern, JobKind, Listing


def _event(kind: str, name_field: str, status: str) -> EventPattern:
    return EventPattern(
        source="aws.sagemaker",
        detail_type=f"SageMaker {kind} State Change",
        name=f"detail.{name_field}",
        status=f"detail.{status}",
    )


def _page(console: str) -> str:
    return f"sagemaker/home?region={{region}}#/{console}/{{name}}"


def _job(kind: str, *, called: str, console: str, spaced: str | None = None, **row: Any) -> JobKind:
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
        console=console,
        console_page=_page(console),
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
        event=_event(f"{spaced or kind} Job", f"{kind}JobName", f"{kind}JobStatus"),
        not_found=(
            ErrorPattern("ValidationException", "could not find"),
            ErrorPattern("ValidationException", "not found"),
            ErrorPattern("ResourceNotFound"),
        ),
        exists=(ErrorPattern("ResourceInUse"),),
        cannot_stop=(ErrorPattern("ValidationException"), ErrorPattern("ResourceNotFound")),
        permanent=("AlgorithmError", "ClientError"),
        **{"failed": frozenset({"Failed"}), **common, **row},
    )


PROCESSING = _job(
    "Processing",
    called="processing",
    console="processing-jobs",
    reason="join(' ', [FailureReason, ExitMessage][?@])",
    exceeded="contains(ExitMessage || '', 'MaxRuntimeExceeded')",
    result={
        "arn": "ProcessingJobArn",
        "outputs": "ProcessingOutputConfig.Outputs[].[OutputName, S3Output.S3Uri]",
    },
    usage={
        "instance_type": "ProcessingResources.ClusterConfig.InstanceType",
        "instance_count": "ProcessingResources.ClusterConfig.InstanceCount",
    },
)

TRAINING = _job(
    "Training",
    called="training",
    console="jobs",
    # A job that was stopped has no failure reason; its last status message says by which limit.
    reason="FailureReason || SecondaryStatusTransitions[-1].StatusMessage",
    exceeded="contains(['MaxRuntimeExceeded', 'MaxWaitTimeExceeded'], SecondaryStatus)",
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

TUNING = _job(
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

TRANSFORM = _job(
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

FEATURE_GROUP = JobKind(
    name="SageMaker feature group",
    service="sagemaker",
    start="CreateFeatureGroup",
    describe="DescribeFeatureGroup",
    # It is no job: what it holds outlives every run.
    stop=None,
    listing=None,
    name_field="FeatureGroupName",
    status="FeatureGroupStatus",
    reason="FailureReason",
    succeeded=frozenset({"Created"}),
    failed=frozenset({"CreateFailed", "DeleteFailed"}),
    stopped=frozenset(),
    event=_event("Feature Group", "FeatureGroupName", "FeatureGroupStatus"),
    not_found=(ErrorPattern("ResourceNotFound"),),
    exists=(ErrorPattern("ResourceInUse"),),
    console="feature-groups",
    console_page=_page("feature-store/feature-groups"),
    result={
        "arn": "FeatureGroupArn",
        "feature_group": "FeatureGroupName",
        "offline_uri": "OfflineStoreConfig.S3StorageConfig.ResolvedOutputS3Uri",
        "table": "OfflineStoreConfig.DataCatalogConfig.TableName",
    },
    max_name_length=64,
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
    event=_event("Endpoint", "EndpointName", "EndpointStatus"),
    not_found=(ErrorPattern("ValidationException", "could not find"),),
    exists=(ErrorPattern("ValidationException", "already existing endpoint"),),
    console="endpoints",
    console_page=_page("endpoints"),
    result={"arn": "EndpointArn", "endpoint": "EndpointName", "config": "EndpointConfigName"},
    log_group="/aws/sagemaker/Endpoints/{name}",
    log_prefix="",
)
