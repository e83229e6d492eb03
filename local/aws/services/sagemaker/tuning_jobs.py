"""Hyperparameter tuning jobs: the operations that create, describe and list them."""

from collections.abc import Callable, Mapping
from typing import Any

from local.aws.services.sagemaker import context, validation, warm_start
from local.aws.services.sagemaker.jobs import JobOperations, copied
from local.aws.services.sagemaker.listing import page
from local.aws.services.sagemaker.objective import Objective, progress
from local.aws.services.sagemaker.ranges import Parameter, parameters
from local.aws.services.sagemaker.records import RUNNING, TrainingJob, TuningJob, now
from local.aws.services.sagemaker.search import Search, grid_size, search
from local.aws.services.sagemaker.tuning import TuningRun, training_jobs_of, training_request
from local.aws.services.sagemaker.validation import ResourceNotFoundError, ValidationError

Request = Mapping[str, Any]


class TuningOperations(JobOperations):
    """The part of the backend that tunes hyperparameters."""

    def start_tuning_job(self, request: Request) -> dict[str, Any]:
        """CreateHyperParameterTuningJob."""
        validation.check_request("CreateHyperParameterTuningJob", request)
        name = request["HyperParameterTuningJobName"]
        kind, resource = "hyperparameter tuning", "hyper-parameter-tuning-job"
        self._refuse_duplicate(kind, name, self.hyper_parameter_tuning_jobs, resource)
        _check_supported(request)
        _check_objective(request)
        tuned = _parameters(request)
        warm_start.check(request, self._parents(request))
        request = _with_defaults(request, tuned)
        # Only the values differ between training jobs: what is right for one is right for all.
        values = {parameter.name: "0" for parameter in tuned}
        sample = training_request(request, f"{name}-001-00000000", values)
        validation.check_request("CreateTrainingJob", sample)
        self._check_training(sample)
        self._check_quota(self.hyper_parameter_tuning_jobs.values())
        arn = self._arn(resource, name)
        job = TuningJob(arn, self.region_name, _describe(request, arn), request.get("Tags") or [])
        run = self._tuning_run(job, request, tuned)
        self.hyper_parameter_tuning_jobs[name] = job  # type: ignore[assignment]
        job.move("InProgress")
        context.current().coordinators.submit(run)
        return {"HyperParameterTuningJobArn": arn}

    def tuning_job(self, name: str) -> TuningJob:
        """Raises the error of DescribeHyperParameterTuningJob for a name that no job has."""
        job: Any = self.hyper_parameter_tuning_jobs.get(name)
        if not isinstance(job, TuningJob):
            raise ResourceNotFoundError(
                f"Amazon SageMaker can't find a tuning job called {name}. Type another name."
            )
        return job

    def list_training_jobs_of(self, name: str, request: Request) -> dict[str, Any]:
        """ListTrainingJobsForHyperParameterTuningJob."""
        job = self.tuning_job(name)
        objective = Objective.of(job.description)
        jobs = self._training_jobs_of(job)
        if status := request.get("StatusEquals"):
            jobs = [job for job in jobs if job.status == status]
        field = request.get("SortBy", "Name")
        if field == "FinalObjectiveMetricValue":
            jobs = [job for job in jobs if objective.value(job) is not None]
        keys: dict[str, Callable[[TrainingJob], Any]] = {
            "CreationTime": lambda job: job.creation_time,
            "Status": lambda job: job.status,
            "FinalObjectiveMetricValue": objective.value,
        }
        by = keys.get(field, lambda job: job.name)
        jobs = sorted(jobs, key=by, reverse=request.get("SortOrder") == "Descending")
        found, token = page(jobs, request)
        answer = {"TrainingJobSummaries": [objective.summary(job) for job in found]}
        return answer | ({"NextToken": token} if token else {})

    def resume_tuning_jobs(self) -> None:
        """After a restart: tuning jobs go on with what is known; training jobs that ran are made up for."""
        jobs: list[Any] = list(self.hyper_parameter_tuning_jobs.values())
        for job in jobs:
            if isinstance(job, TuningJob) and job.status in RUNNING:
                request = {**job.description, "Tags": job.tags}
                run = self._tuning_run(job, request, _parameters(request))
                if job.status == "Stopping":
                    run.stop()
                context.current().coordinators.submit(run)

    def _tuning_run(self, job: TuningJob, request: Request, tuned: list[Parameter]) -> TuningRun:
        earlier = self._training_jobs_of(job)
        parents = [job for parent in self._parents(request) for job in self._training_jobs_of(parent)]

        def launch(training: dict[str, Any], on_end: Callable[[], None]) -> TrainingJob:
            self._check_training(training)
            self._check_quota(self.training_jobs.values())
            return self._launch_training(training, tuning=job.arn, on_end=on_end)

        return TuningRun(
            job,
            request,
            search=self._search(request, tuned, earlier),
            launch=launch,
            stop_training=self.stop_job,
            earlier=earlier,
            parents=parents if warm_start.is_identical(request) else None,
        )

    def _search(self, request: Request, tuned: list[Parameter], earlier: list[TrainingJob]) -> Search:
        """The search of a tuning job, with what its parents and its earlier training jobs achieved."""
        config = request["HyperParameterTuningJobConfig"]
        found = search(
            config["Strategy"],
            tuned,
            goal=config["HyperParameterTuningJobObjective"]["Type"],
            total=config["ResourceLimits"]["MaxNumberOfTrainingJobs"],
            seed=config.get("RandomSeed"),
        )
        for parent in self._parents(request):
            for values, value in warm_start.inherited(request, parent, self._training_jobs_of(parent)):
                found.learn(values, value)
        objective = Objective.of(request)
        for number, job in enumerate(earlier, 1):
            if not job.was_interrupted:
                found.learn(job.description["HyperParameters"], objective.value(job), number)
        return found

    def _parents(self, request: Request) -> list[TuningJob]:
        """The tuning jobs that it learns from, as far as they exist."""
        jobs: list[Any] = [
            self.hyper_parameter_tuning_jobs.get(name) for name in warm_start.parent_names(request)
        ]
        return [job for job in jobs if isinstance(job, TuningJob)]

    def _training_jobs_of(self, job: TuningJob) -> list[TrainingJob]:
        return training_jobs_of(job.arn, list(self.training_jobs.values()))


def _check_supported(request: Request) -> None:
    """Refuses what AWS would do and this service does not."""
    config = request["HyperParameterTuningJobConfig"]
    definition = request.get("TrainingJobDefinition") or {}
    convergence = (config.get("TuningJobCompletionCriteria") or {}).get("ConvergenceDetected") or {}
    unsupported = {
        "TrainingJobDefinitions": request.get("TrainingJobDefinitions"),
        "Autotune": request.get("Autotune"),
        "Strategy Hyperband": config["Strategy"] == "Hyperband",
        "StrategyConfig": config.get("StrategyConfig"),
        "TuningJobCompletionCriteria.ConvergenceDetected": convergence.get("CompleteOnConvergence")
        == "Enabled",
        "HyperParameterTuningResourceConfig": definition.get("HyperParameterTuningResourceConfig"),
        "HyperParameterRanges of the definition": definition.get("HyperParameterRanges"),
        "TuningObjective of the definition": definition.get("TuningObjective"),
    }
    for what, asked in unsupported.items():
        if asked:
            raise ValidationError(f"{what} is not supported by the local AWS: leave it out.")
    if not definition:
        raise ValidationError("TrainingJobDefinition is required: give what every training job has.")


def _check_objective(request: Request) -> None:
    """The metric must be one that is read from the log."""
    objective = request["HyperParameterTuningJobConfig"].get("HyperParameterTuningJobObjective")
    if not objective:
        raise ValidationError(
            "HyperParameterTuningJobObjective is required: give the Type and the MetricName."
        )
    metrics = request["TrainingJobDefinition"]["AlgorithmSpecification"].get("MetricDefinitions") or []
    names = [metric["Name"] for metric in metrics]
    if objective["MetricName"] not in names:
        raise ValidationError(
            "A metric is required for this hyperparameter tuning job objective. Provide a metric in the "
            f"metric definitions: {objective['MetricName']} is not one of {', '.join(names) or 'none'}."
        )


def _parameters(request: Request) -> list[Parameter]:
    """What is tuned; a grid must be small enough for its number of training jobs and fill it."""
    config = request["HyperParameterTuningJobConfig"]
    static = request["TrainingJobDefinition"].get("StaticHyperParameters") or {}
    found = parameters(config.get("ParameterRanges") or {}, static)
    total = config["ResourceLimits"].get("MaxNumberOfTrainingJobs")
    if config["Strategy"] == "Grid":
        size = grid_size(found)
        if total not in (None, size):
            raise ValidationError(
                f"MaxNumberOfTrainingJobs is {total} and the grid has {size} combinations: "
                "give that number or none."
            )
    elif total is None:
        raise ValidationError(
            f"MaxNumberOfTrainingJobs is required with strategy {config['Strategy']}: give a number."
        )
    return found


def _with_defaults(request: Request, tuned: list[Parameter]) -> Request:
    """What a grid's size and AWS's defaults say."""
    config = request["HyperParameterTuningJobConfig"]
    limits = dict(config["ResourceLimits"])
    if "MaxNumberOfTrainingJobs" not in limits:
        limits["MaxNumberOfTrainingJobs"] = grid_size(tuned)
    config = {"TrainingJobEarlyStoppingType": "Off", **config, "ResourceLimits": limits}
    return {**request, "HyperParameterTuningJobConfig": config}


def _describe(request: Request, arn: str) -> dict[str, Any]:
    moment = now()
    return {
        **copied("DescribeHyperParameterTuningJob", request),
        **progress([], Objective.of(request)),
        "HyperParameterTuningJobArn": arn,
        "HyperParameterTuningJobStatus": "InProgress",
        "CreationTime": moment,
        "LastModifiedTime": moment,
    }
