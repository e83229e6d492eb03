"""Runs a hyperparameter tuning job: starts training jobs, learns from them, keeps the best."""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

from local.aws.services.sagemaker.objective import Objective, progress
from local.aws.services.sagemaker.records import ENDED, RUNNING, TrainingJob, TuningJob, now
from local.aws.services.sagemaker.run import AbandonedError, JobFailedError, JobRun, JobStoppedError
from local.aws.services.sagemaker.search import Search, Values
from local.aws.services.sagemaker.validation import (
    ResourceLimitExceededError,
    SageMakerError,
    ValidationError,
)

log = logging.getLogger(__name__)

WAIT_SECONDS = 1.0
FAILURES = 5
"""So many training jobs without one success end a tuning job, as on AWS."""
OBJECTIVE_METRIC = "_tuning_objective_metric"
"""The hyperparameter that tells a training job what it is tuned for."""
OWN_FIELDS = ("DefinitionName", "TuningObjective", "HyperParameterRanges", "StaticHyperParameters")

Request = dict[str, Any]
Launch = Callable[[Request, Callable[[], None]], TrainingJob]


class TuningRun(JobRun):
    """A `CreateHyperParameterTuningJob` request being carried out.

    It only coordinates: training jobs wait for their places like all others, and it takes none itself.

    Args:
        job: the record that is kept up to date.
        request: the create request.
        search: chooses hyperparameters.
        launch: starts a training job and calls back when it has ended.
        stop_training: asks a training job to stop.
    """

    job: TuningJob

    def __init__(
        self,
        job: TuningJob,
        request: Mapping[str, Any],
        *,
        search: Search,
        launch: Launch,
        stop_training: Callable[[TrainingJob], None],
    ) -> None:
        super().__init__(job, request)
        limits = request["HyperParameterTuningJobConfig"]["ResourceLimits"]
        self._total: int = limits["MaxNumberOfTrainingJobs"]
        self._parallel: int = limits["MaxParallelTrainingJobs"]
        self._objective = Objective.of(request)
        self._search, self._start_training, self._stop_training = search, launch, stop_training
        self._woken = threading.Event()
        self._jobs: list[TrainingJob] = []
        """In the order of their points, so that a job's index is its point's number."""
        self._running: set[int] = set()
        self._next: Values | None = None
        self._refused: str | None = None

    def stop(self) -> None:
        """Ends the training jobs and then this one."""
        super().stop()
        self._woken.set()

    def abandon(self) -> None:
        """Leaves everything as it is, for the next start."""
        super().abandon()
        self._woken.set()

    def run(self) -> None:
        """Starts and collects training jobs until there is nothing more to do."""
        while self._running or self._wants_more():
            if self._wants_more():
                self._launch()
            self._woken.wait(WAIT_SECONDS)
            self._woken.clear()
            if self._abandon.is_set():
                raise AbandonedError
            self._collect()
            if self._stop.is_set() or self._reason_to_give_up():
                self._stop_all()
        if self._stop.is_set():
            raise JobStoppedError
        if reason := self._reason_to_give_up():
            raise JobFailedError(reason)
        self._finish("Completed")

    def stopped(self) -> None:
        """Records that somebody ended it."""
        self._finish("Stopped")

    def timed_out(self) -> None:
        """A tuning job has no time limit of its own."""
        raise NotImplementedError

    def failed(self, reason: str) -> None:
        """Records why it failed, and lets no training job run on for nothing."""
        self._stop_all()
        self._finish("Failed", FailureReason=reason[:1024])

    def _finish(self, status: str, **changes: Any) -> None:
        end = now()
        seconds = max(1, round((end - self.job.creation_time).total_seconds()))
        changes |= {"ConsumedResources": {"RuntimeInSeconds": seconds}, **self._progress()}
        self.job.move(status, HyperParameterTuningEndTime=end, **changes)

    def _wants_more(self) -> bool:
        left = self._total - len(self._jobs)
        return left > 0 and not self._stop.is_set() and not self._reason_to_give_up()

    def _launch(self) -> None:
        """Fills the places that are free; where the account's quota is used up, later."""
        while len(self._running) < self._parallel and len(self._jobs) < self._total:
            self._next = self._next or self._search.ask()
            request = training_request(self.request, self._training_name(), self._next)
            try:
                job = self._start_training(request, self._woken.set)
            except ResourceLimitExceededError:
                log.info("%s waits: the quota of training jobs is used up.", self.job.arn)
                break
            except SageMakerError as error:
                self._refused = f"ClientError: {error.message}"
                break
            self._running.add(len(self._jobs))
            self._jobs.append(job)
            self._next = None
        self.job.update(**self._progress())

    def _collect(self) -> None:
        """Tells the search about the training jobs that have ended since the last look."""
        ended = {number for number in self._running if self._jobs[number].status in ENDED}
        for number in sorted(ended):
            self._search.tell(number, self._objective.value(self._jobs[number]))
        self._running -= ended
        if ended:
            self.job.update(**self._progress())

    def _reason_to_give_up(self) -> str | None:
        """Why there is no point in going on, in AWS's words."""
        if self._refused:
            return self._refused
        ended = [job for job in self._jobs if job.status in ENDED]
        if len(ended) < min(FAILURES, self._total):
            return None
        if any(self._objective.value(job) is not None for job in ended):
            return None
        if any(job.status == "Completed" for job in ended):
            return (
                f"No objective metrics found after running {len(ended)} training jobs. Please ensure that "
                "the custom algorithm is emitting the objective metric as defined by the regular expression "
                "provided."
            )
        if any(job.status == "Failed" for job in ended):
            return (
                f"No training job succeeded after {len(ended)} attempts. Please take a look at the training "
                "job failures to get more details."
            )
        return None

    def _stop_all(self) -> None:
        for number in self._running:
            if self._jobs[number].status in RUNNING:
                # It may end at this very moment.
                with suppress(ValidationError):
                    self._stop_training(self._jobs[number])

    def _progress(self) -> dict[str, Any]:
        return progress(self._jobs, self._objective)

    def _training_name(self) -> str:
        return f"{self.job.name}-{len(self._jobs) + 1:03}-{uuid4().hex[:8]}"


def training_request(request: Mapping[str, Any], name: str, values: Mapping[str, str]) -> Request:
    """The `CreateTrainingJob` request of one point."""
    definition = request["TrainingJobDefinition"]
    training: Request = {key: value for key, value in definition.items() if key not in OWN_FIELDS}
    objective = request["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    training |= {
        "TrainingJobName": name,
        "HyperParameters": {
            **(definition.get("StaticHyperParameters") or {}),
            **values,
            OBJECTIVE_METRIC: objective["MetricName"],
        },
        "Tags": request.get("Tags") or [],
    }
    if checkpoints := definition.get("CheckpointConfig"):
        # Training jobs that shared a folder would go on from one another's checkpoints.
        training["CheckpointConfig"] = {**checkpoints, "S3Uri": f"{checkpoints['S3Uri'].rstrip('/')}/{name}"}
    return training


def training_jobs_of(arn: str, jobs: Iterable[Any]) -> list[TrainingJob]:
    """The training jobs that a tuning job started, oldest first."""
    own = [job for job in jobs if isinstance(job, TrainingJob) and job.description.get("TuningJobArn") == arn]
    return sorted(own, key=lambda job: job.creation_time)
