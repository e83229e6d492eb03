"""Training and processing jobs, and what the operations of all kinds of job share."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.sagemaker.models import SageMakerModelBackend

from local.aws.runtime.images import UnknownImageError
from local.aws.services.sagemaker import channels, checkpoints, context, spot, tensorboard, validation
from local.aws.services.sagemaker.listing import page, select
from local.aws.services.sagemaker.processing import ProcessingRun
from local.aws.services.sagemaker.records import (
    RESTARTED,
    RUNNING,
    Job,
    ProcessingJob,
    TrainingJob,
    TransformJob,
    TuningJob,
    now,
)
from local.aws.services.sagemaker.training import PREPARING, TrainingRun
from local.aws.services.sagemaker.validation import (
    ResourceInUseError,
    ResourceLimitExceededError,
    ValidationError,
)

Request = Mapping[str, Any]


class JobOperations(SageMakerModelBackend):
    """The part of the backend that executes jobs."""

    def start_training_job(self, request: Request) -> dict[str, Any]:
        """CreateTrainingJob."""
        validation.check_request("CreateTrainingJob", request)
        self._refuse_duplicate("training", request["TrainingJobName"], self.training_jobs)
        self._check_training(request)
        self._check_quota(self.training_jobs.values())
        return {"TrainingJobArn": self._launch_training(request).arn}

    def _check_training(self, request: Request) -> None:
        """What a training job needs beyond what the API's model says."""
        algorithm = request.get("AlgorithmSpecification") or {}
        if not algorithm.get("TrainingImage"):
            raise ValidationError(
                "Give AlgorithmSpecification.TrainingImage: algorithm ARNs are not supported."
            )
        if not request.get("ResourceConfig"):
            raise ValidationError(
                "ResourceConfig is required: give InstanceType, InstanceCount and VolumeSizeInGB."
            )
        validation.check_instance_count(request["ResourceConfig"].get("InstanceCount", 1))
        validation.check_metrics(algorithm.get("MetricDefinitions") or [])
        channels.check(request)
        checkpoints.check(request.get("CheckpointConfig"))
        tensorboard.check(request.get("TensorBoardOutputConfig"))
        validation.check_stopping_condition(request.get("StoppingCondition"))
        spot.check_waiting(request)
        validation.check_s3_uri(request["OutputDataConfig"]["S3OutputPath"], "S3OutputPath")
        self._check_job(request, algorithm["TrainingImage"])

    def _launch_training(
        self, request: Request, *, tuning: str | None = None, on_end: Callable[[], None] | None = None
    ) -> TrainingJob:
        """Queues a job whose request was checked; `tuning` is the ARN of the tuning job that it is for."""
        name = request["TrainingJobName"]
        job = TrainingJob(self._arn("training-job", name), self.region_name, {}, request.get("Tags") or [])
        job.description = _describe_training(request, job.arn) | ({"TuningJobArn": tuning} if tuning else {})
        run = TrainingRun(job, request)
        run.on_end = on_end
        with context.current().aws.changing():
            self.training_jobs[name] = job  # type: ignore[assignment]
        job.step("Starting", PREPARING)
        context.current().queue.submit(run)
        return job

    def start_processing_job(self, request: Request) -> dict[str, Any]:
        """CreateProcessingJob."""
        validation.check_request("CreateProcessingJob", request)
        name, image = request["ProcessingJobName"], request["AppSpecification"]["ImageUri"]
        self._refuse_duplicate("processing", name, self.processing_jobs)
        _check_local_paths(request)
        self._check_job(request, image)
        self._check_quota(self.processing_jobs.values())
        job = ProcessingJob(
            self._arn("processing-job", name), self.region_name, {}, request.get("Tags") or []
        )
        job.description = _describe_processing(request, job.arn)
        run = ProcessingRun(job, request)
        self.processing_jobs[name] = job  # type: ignore[assignment]
        job.move("InProgress")
        context.current().queue.submit(run)
        return {"ProcessingJobArn": job.arn}

    def stop_job(self, job: Job) -> None:
        """Stop of every kind: `Stopping` now, `Stopped` when the processes are gone."""
        what = job.subject.lower()
        if job.status not in RUNNING:
            raise ValidationError(f"The request was rejected because the {what} is in status {job.status}.")
        if job.status == "Stopping":
            return
        if isinstance(job, TrainingJob):
            job.step("Stopping", "Stopping the training job", "Stopping")
        else:
            job.move("Stopping")
        running = context.current()
        (running.coordinators if isinstance(job, TuningJob) else running.queue).stop(job.arn)

    def training_job(self, name: str) -> TrainingJob:
        """Raises the error of DescribeTrainingJob for a name that no job has."""
        job: Any = self.training_jobs.get(name)
        if not isinstance(job, TrainingJob):
            raise ValidationError("Requested resource not found.")
        return job

    def processing_job(self, name: str) -> ProcessingJob:
        """Raises the error of DescribeProcessingJob for a name that no job has."""
        job: Any = self.processing_jobs.get(name)
        if not isinstance(job, ProcessingJob):
            raise ValidationError(f"Could not find requested job with name: {name}")
        return job

    def list_jobs(
        self, jobs: Iterable[Job], request: Request, key: str, *, order: str = "Ascending"
    ) -> dict[str, Any]:
        """The list operation of every kind; `order` is the operation's own when the request gives none."""
        sort: dict[str, Callable[[Job], Any]] = {
            "Name": lambda job: job.name,
            "Status": lambda job: job.status,
        }
        chosen = select(jobs, request, name=lambda job: job.name, description=lambda job: job.description)
        if status := request.get("StatusEquals"):
            chosen = [job for job in chosen if job.status == status]
        by = sort.get(request.get("SortBy", ""), lambda job: job.creation_time)
        ordered = sorted(chosen, key=by, reverse=request.get("SortOrder", order) == "Descending")
        items, token = page(ordered, request)
        return {key: [job.summary() for job in items]} | ({"NextToken": token} if token else {})

    def fail_interrupted_jobs(self) -> None:
        """After a restart: nothing runs any more, so what ran has failed."""
        jobs: list[Any] = [
            *self.training_jobs.values(),
            *self.processing_jobs.values(),
            *self.transform_jobs.values(),
        ]
        for job in jobs:
            if isinstance(job, TrainingJob) and job.status in RUNNING:
                changes = {"FailureReason": RESTARTED, "TrainingEndTime": now()}
                job.step("Failed", "Training job failed", "Failed", **changes)
            elif isinstance(job, ProcessingJob | TransformJob) and job.status in RUNNING:
                job.move("Failed", FailureReason=RESTARTED, **{job.end_field: now()})

    def _refuse_duplicate(
        self, kind: str, name: str, jobs: Mapping[str, Any], resource: str | None = None
    ) -> None:
        if name in jobs:
            raise ResourceInUseError(
                f"{kind.capitalize()} job names must be unique within an AWS account and region, and "
                f"a {kind} job with this name already exists ({self._arn(resource or f'{kind}-job', name)})"
            )

    def _check_job(self, request: Request, image: str) -> None:
        validation.check_role(request["RoleArn"], self.account_id, self.region_name)
        check_image(image)

    def _check_quota(self, others: Iterable[Any]) -> None:
        """Raises `ResourceLimitExceededError` when as many jobs of a kind are in progress as may be."""
        running = sum(job.status in RUNNING for job in list(others) if isinstance(job, Job))
        quota = context.current().quota
        if running >= quota:
            raise ResourceLimitExceededError(
                f"The account-level service limit 'Number of jobs in progress' is {quota} Instances, with "
                f"current utilization of {running} Instances and a request delta of 1 Instances. Please "
                "contact AWS support to request an increase for this limit."
            )

    def _arn(self, resource: str, name: str) -> str:
        return f"arn:{self.partition}:sagemaker:{self.region_name}:{self.account_id}:{resource}/{name}"


def check_image(uri: str) -> None:
    """Raises `ValidationError` for an image that is not there."""
    try:
        context.current().images.resolve(uri)
    except UnknownImageError as error:
        raise ValidationError(str(error)) from error


def _check_local_paths(request: Request) -> None:
    """Inputs and outputs live below `/opt/ml/processing` and in S3."""
    ends = [(i["InputName"], i["S3Input"]) for i in request.get("ProcessingInputs") or [] if "S3Input" in i]
    outputs = (request.get("ProcessingOutputConfig") or {}).get("Outputs") or []
    ends += [(o["OutputName"], o["S3Output"]) for o in outputs if "S3Output" in o]
    for name, end in ends:
        validation.check_s3_uri(end["S3Uri"], f"S3Uri of {name}")
        check_data_type(end.get("S3DataType", "S3Prefix"))
        path = end.get("LocalPath", "")
        if not (path + "/").startswith("/opt/ml/processing/") or ".." in path.split("/"):
            raise ValidationError(
                f"LocalPath {path!r} of {name} is invalid: it must be below /opt/ml/processing."
            )
    names = [name for name, _ in ends]
    if len(set(names)) < len(names):
        raise ValidationError(f"Names of inputs and outputs must be unique: {', '.join(sorted(names))}.")


def check_data_type(data_type: str) -> None:
    """Raises `ValidationError` for what is neither a prefix nor a manifest."""
    if data_type not in ("S3Prefix", "ManifestFile"):
        raise ValidationError(f"S3DataType {data_type} is not supported by the local AWS: use S3Prefix.")


def copied(operation: str, request: Request) -> dict[str, Any]:
    """The members of a create request that the describe answer repeats."""
    shape = validation.service_model().operation_model(operation).output_shape
    members = getattr(shape, "members", {})
    return {name: value for name, value in request.items() if name in members and value is not None}


def _describe_training(request: Request, arn: str) -> dict[str, Any]:
    moment = now()
    output = dict(request["OutputDataConfig"])
    path = f"{output['S3OutputPath'].rstrip('/')}/{request['TrainingJobName']}/output"
    artifact = f"{path}/model" if output.get("CompressionType") == "NONE" else f"{path}/model.tar.gz"
    flags = ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining")
    return {
        "StoppingCondition": {"MaxRuntimeInSeconds": 86_400},
        **dict.fromkeys(flags, False),
        **copied("DescribeTrainingJob", request),
        "TrainingJobArn": arn,
        "ModelArtifacts": {"S3ModelArtifacts": artifact},
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Starting",
        "CreationTime": moment,
        "LastModifiedTime": moment,
    }


def _describe_processing(request: Request, arn: str) -> dict[str, Any]:
    moment = now()
    return {
        "StoppingCondition": {"MaxRuntimeInSeconds": 86_400},
        **copied("DescribeProcessingJob", request),
        "ProcessingJobArn": arn,
        "ProcessingJobStatus": "InProgress",
        "CreationTime": moment,
        "LastModifiedTime": moment,
    }
