"""Runs a hyperparameter tuning job: starts training jobs, learns from them, keeps the best."""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

from local.aws.services.sagemaker.completion import Completion
from local.aws.services.sagemaker.early_stopping import falls_behind
from local.aws.services.sagemaker.objective import OBJECTIVE_METRIC, Objective, progress
from local.aws.services.sagemaker.records import ENDED, RUNNING, TrainingJob, TuningJob, now
from local.aws.services.sagemaker.run import AbandonedError, JobFailedError, JobRun, JobStoppedError
from local.aws.services.sagemaker.search import Proposal, Search
from local.aws.services.sagemaker.validation import (
    ResourceLimitExceededError,
    SageMakerError,
    ValidationError,
)

log = logging.getLogger(__name__)

WAIT_SECONDS = 1.0
FAILURES = 5
"""So many training jobs without one success end a tuning job, as on AWS."""
OWN_FIELDS = ("DefinitionName", "TuningObjective", "HyperParameterRanges", "StaticHyperParameters")

Request = dict[str, Any]
Launch = Callable[[Request, Callable[[], None]], TrainingJob]


class TuningRun(JobRun):
    """A `CreateHyperParameterTuningJob` request being carried out.

    It only coordinates: training jobs wait for their places like all others, and it takes none itself.

    Args:
        job: the record that is kept up to date.
        request: the create request.
        search: chooses hyperparameters; knows what the earlier training jobs achieved.
        launch: starts a training job and calls back when it has ended.
        stop_training: asks a training job to stop.
        earlier: training jobs that were started before the server was, all ended, oldest first.
        parents: the training jobs of its parents, where they and its own have one best.
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
        earlier: Sequence[TrainingJob] = (),
        parents: Sequence[TrainingJob] | None = None,
    ) -> None:
        super().__init__(job, request)
        config = request["HyperParameterTuningJobConfig"]
        self._total: int = config["ResourceLimits"]["MaxNumberOfTrainingJobs"]
        self._parallel: int = config["ResourceLimits"]["MaxParallelTrainingJobs"]
        self._stops_early = config.get("TrainingJobEarlyStoppingType") == "Auto"
        self._completion = Completion.of(config)
        self._objective = Objective.of(request)
        self._search, self._start_training, self._stop_training = search, launch, stop_training
        self._woken = threading.Event()
        self._parents = parents
        self._jobs = list(earlier)
        """In the order of their points, which are numbered from 1."""
        self._running: dict[int, TrainingJob] = {}
        self._compared: dict[int, int] = {}
        """How many epochs of each have been compared with the others."""
        self._next: Proposal | None = None
        self._refused: str | None = None
        self._enough: str | None = None

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
        self.job.update(**self._progress())
        while self._running or self._wants_more():
            if self._wants_more():
                self._launch()
            self._woken.wait(WAIT_SECONDS)
            self._woken.clear()
            if self._abandon.is_set():
                raise AbandonedError
            self._collect()
            if self._stops_early:
                self._stop_those_behind()
            if self._is_over():
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
        """Its time limit is a criterion of completion: it is not ended by one from outside."""
        raise NotImplementedError

    def failed(self, reason: str) -> None:
        """Records why it failed, and lets no training job run on for nothing."""
        self._stop_all()
        self._finish("Failed", FailureReason=reason[:1024])

    def _finish(self, status: str, **changes: Any) -> None:
        seconds = max(1, round(self._age()))
        changes |= {"ConsumedResources": {"RuntimeInSeconds": seconds}, **self._progress()}
        self.job.move(status, HyperParameterTuningEndTime=now(), **changes)

    def _age(self) -> float:
        return (now() - self.job.creation_time).total_seconds()

    def _wants_more(self) -> bool:
        return self._left() > 0 and not self._is_over()

    def _left(self) -> int:
        """Training jobs still to start; one that the end of the server interrupted is made up for."""
        return self._total - sum(not job.was_interrupted for job in self._jobs)

    def _is_over(self) -> bool:
        return self._stop.is_set() or self._reason_to_give_up() is not None or self._is_enough()

    def _is_enough(self) -> bool:
        """Whether a criterion of completion is met. Once met it stays so, whatever the others achieve."""
        if self._enough is None:
            self._enough = self._completion.reason(self._values(), self._age())
            if self._enough:
                log.info("%s is complete: %s.", self.job.name, self._enough)
        return self._enough is not None

    def _values(self) -> list[float]:
        """What its training jobs achieved, in the order of their ends."""
        ended = [job for job in self._jobs if job.status in ENDED]
        ended.sort(key=lambda job: job.description["TrainingEndTime"])
        return [value for job in ended if (value := self._objective.value(job)) is not None]

    def _launch(self) -> None:
        """Fills the places that are free; where the account's quota is used up, later."""
        before = len(self._jobs)
        while len(self._running) < self._parallel and self._left() > 0:
            number = len(self._jobs) + 1
            self._next = self._next or self._propose(number)
            request = training_request(self.request, self._training_name(number), self._next.values)
            try:
                job = self._start_training(request, self._woken.set)
            except ResourceLimitExceededError:
                log.info("%s waits: the quota of training jobs is used up.", self.job.arn)
                break
            except SageMakerError as error:
                self._refused = f"ClientError: {error.message}"
                break
            self._running[number] = job
            self._jobs.append(job)
            self._next = None
        if len(self._jobs) > before:
            self.job.update(**self._progress())

    def _propose(self, number: int) -> Proposal:
        proposal = self._search.ask(number)
        log.info(
            "%s proposes point %d by the results of points %s and %d of its parents' while points %s run.",
            *(self.job.name, number, list(proposal.finished), proposal.inherited, list(self._running)),
        )
        return proposal

    def _collect(self) -> None:
        """Tells the search about the training jobs that have ended since the last look."""
        ended = {number: job for number, job in self._running.items() if job.status in ENDED}
        for number, job in ended.items():
            del self._running[number]
            self._search.tell(number, self._objective.value(job))
        if ended:
            self.job.update(**self._progress())

    def _stop_those_behind(self) -> None:
        """Stops the training jobs that early stopping is for."""
        previous = [job.objective_values for job in self._jobs if self._objective.value(job) is not None]
        for number, job in self._running.items():
            values = list(job.objective_values)
            since = self._compared.get(number, 0)
            epoch = falls_behind(values, previous, self._objective.goal, since=since)
            self._compared[number] = len(values)
            if epoch and job.status == "InProgress":
                log.info("%s stops point %d early, after epoch %d.", self.job.name, number, epoch)
                self._stop_one(job)

    def _reason_to_give_up(self) -> str | None:
        """Why there is no point in going on, in AWS's words."""
        if self._refused:
            return self._refused
        ended = [job for job in self._jobs if job.status in ENDED and not job.was_interrupted]
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
        for job in self._running.values():
            self._stop_one(job)

    def _stop_one(self, job: TrainingJob) -> None:
        if job.status in RUNNING:
            # It may end at this very moment.
            with suppress(ValidationError):
                self._stop_training(job)

    def _progress(self) -> dict[str, Any]:
        not_improving = self._completion.not_improving(self._values())
        details = {"NumberOfTrainingJobsObjectiveNotImproving": not_improving}
        return progress(self._jobs, self._objective, self._parents) | {"TuningJobCompletionDetails": details}

    def _training_name(self, number: int) -> str:
        return f"{self.job.name}-{number:03}-{uuid4().hex[:8]}"


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
