"""What the training jobs of a tuning job achieved, as the API tells it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.aws.services.sagemaker.records import RUNNING, TrainingJob

OBJECTIVE_METRIC = "_tuning_objective_metric"
"""The hyperparameter that tells a training job what it is tuned for."""
SHOWN = (
    "TrainingJobName",
    "TrainingJobArn",
    "TrainingJobStatus",
    "CreationTime",
    "TrainingStartTime",
    "TrainingEndTime",
    "FailureReason",
)
RANGES = ("IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges")


@dataclass(frozen=True)
class Objective:
    """The metric that a tuning job optimizes, over the hyperparameters that it tunes."""

    metric: str
    goal: str
    tuned: frozenset[str]

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> "Objective":
        """From a create request or a describe answer."""
        config = request["HyperParameterTuningJobConfig"]
        goal = config["HyperParameterTuningJobObjective"]
        ranges = config["ParameterRanges"]
        tuned = frozenset(given["Name"] for kind in RANGES for given in ranges.get(kind) or [])
        return cls(goal["MetricName"], goal["Type"], tuned)

    def value(self, job: TrainingJob) -> float | None:
        """What an ended training job achieved; None where it failed or left no number."""
        if job.status not in ("Completed", "Stopped"):
            return None
        for metric in job.description.get("FinalMetricDataList") or []:
            if metric["MetricName"] == self.metric and math.isfinite(metric["Value"]):
                return float(metric["Value"])
        return None

    def status(self, job: TrainingJob) -> str:
        """``Pending``, ``Succeeded`` or ``Failed``."""
        if job.status in RUNNING:
            return "Pending"
        return "Failed" if self.value(job) is None else "Succeeded"

    def summary(self, job: TrainingJob) -> dict[str, Any]:
        """A training job as the operations of tuning jobs show it."""
        found = {name: job.description[name] for name in SHOWN if name in job.description}
        given = job.description.get("HyperParameters") or {}
        found["TunedHyperParameters"] = {name: given[name] for name in sorted(self.tuned) if name in given}
        found["ObjectiveStatus"] = self.status(job)
        value = self.value(job)
        if value is not None:
            achieved = {"MetricName": self.metric, "Value": value}
            found["FinalHyperParameterTuningJobObjectiveMetric"] = achieved
        return found

    def best(self, jobs: Sequence[TrainingJob]) -> TrainingJob | None:
        """The completed training job with the best value, the earlier one of equals; None for none.

        One that was stopped may have left no model.
        """
        completed = [job for job in jobs if job.status == "Completed"]
        achieved = [(value, job) for job in completed if (value := self.value(job)) is not None]
        if not achieved:
            return None
        choose = min if self.goal == "Minimize" else max
        return choose(achieved, key=lambda pair: pair[0])[1]


def progress(
    jobs: Sequence[TrainingJob], objective: Objective, parents: Sequence[TrainingJob] | None = None
) -> dict[str, Any]:
    """The members of a tuning job's description that its training jobs decide.

    Args:
        jobs: its own.
        objective: what it optimizes.
        parents: the training jobs of its parents, where they and its own have one best.
    """
    statuses = [job.status for job in jobs]
    objectives = [objective.status(job) for job in jobs]
    interrupted = sum(job.was_interrupted for job in jobs)
    found: dict[str, Any] = {
        "TrainingJobStatusCounters": {
            "Completed": statuses.count("Completed"),
            "InProgress": sum(status in RUNNING for status in statuses),
            "RetryableError": interrupted,
            "NonRetryableError": statuses.count("Failed") - interrupted,
            "Stopped": statuses.count("Stopped"),
        },
        "ObjectiveStatusCounters": {
            status: objectives.count(status) for status in ("Succeeded", "Pending", "Failed")
        },
    }
    if best := objective.best(jobs):
        found["BestTrainingJob"] = objective.summary(best)
    if parents is not None and (best := objective.best([*parents, *jobs])):
        tuning_job = best.description["TuningJobArn"].rpartition("/")[2]
        found["OverallBestTrainingJob"] = objective.summary(best) | {"TuningJobName": tuning_job}
    return found
