"""Requests of tuning jobs.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from include.bundles import Bundle
from include.run import Run
from include.sagemaker.instances import Request
from include.sagemaker.training import TrainingJob

MOST_PARENTS = 5


@dataclass(frozen=True)
class Interval:
    """Values from ``low`` to ``high``, both included; whole numbers where both ends are ``int``."""

    low: float
    high: float
    scaling: Literal["Auto", "Linear", "Logarithmic", "ReverseLogarithmic"] = "Auto"


@dataclass(frozen=True)
class TuningJob:
    """A search for the hyperparameters with which a training job does best.

    ``training`` is what every training job has; its hyperparameters are those that stay. ``ranges`` maps each
    of the others to an `Interval` or to the values it may have. ``objective`` is one of the training job's
    metrics. A seed makes the search repeatable.

    With ``early_stopping`` a training job that falls behind the others is stopped; it has to print its
    objective after each epoch. ``warm_start`` names up to five earlier tuning jobs to learn from; with
    ``IdenticalDataAndAlgorithm`` their best competes with this job's, and their channels and image are the
    same. The search is over before ``max_jobs`` once a training job reaches the ``target``, once
    ``max_jobs_not_improving`` in a row have not improved by 1 %, or after ``max_runtime_seconds``.
    https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-warm-start.html
    """

    training: TrainingJob
    ranges: Mapping[str, Interval | Sequence[Any]]
    objective: str
    max_jobs: int
    max_parallel_jobs: int = 1
    goal: Literal["Minimize", "Maximize"] = "Minimize"
    strategy: Literal["Bayesian", "Random", "Grid"] = "Bayesian"
    seed: int | None = None
    early_stopping: bool = False
    warm_start: Sequence[str] = ()
    warm_start_type: Literal["TransferLearning", "IdenticalDataAndAlgorithm"] = "TransferLearning"
    target: float | None = None
    max_jobs_not_improving: int | None = None
    max_runtime_seconds: int | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for what every search would fail with."""
        if self.objective not in self.training.metric_definitions:
            known = ", ".join(self.training.metric_definitions) or "none"
            raise ValueError(f"objective {self.objective!r} is not a metric of the training job: {known}")
        if both := sorted(set(self.ranges) & set(self.training.hyperparameters)):
            raise ValueError(f"both fixed and searched: {', '.join(both)}; remove one of the two")
        if len(self.warm_start) > MOST_PARENTS:
            raise ValueError(
                f"warm_start names {len(self.warm_start)} tuning jobs: give at most {MOST_PARENTS}"
            )

    def request(self, run: Run) -> Request:
        """The ``CreateHyperParameterTuningJob`` request, without its name."""
        definition = self.training.request(run)
        definition["StaticHyperParameters"] = definition.pop("HyperParameters")
        config: Request = {
            "Strategy": self.strategy,
            "HyperParameterTuningJobObjective": {"Type": self.goal, "MetricName": self.objective},
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": self.max_jobs,
                "MaxParallelTrainingJobs": self.max_parallel_jobs,
            },
            "ParameterRanges": self._ranges(),
            "TrainingJobEarlyStoppingType": "Auto" if self.early_stopping else "Off",
        }
        if self.seed is not None:
            config["RandomSeed"] = self.seed
        if self.max_runtime_seconds is not None:
            config["ResourceLimits"]["MaxRuntimeInSeconds"] = self.max_runtime_seconds
        if criteria := self._completion_criteria():
            config["TuningJobCompletionCriteria"] = criteria
        request = {"HyperParameterTuningJobConfig": config, "TrainingJobDefinition": definition}
        if self.warm_start:
            parents = [{"HyperParameterTuningJobName": name} for name in self.warm_start]
            start = {"ParentHyperParameterTuningJobs": parents, "WarmStartType": self.warm_start_type}
            request["WarmStartConfig"] = start
        return request

    def bundles(self) -> Sequence[Bundle]:
        """What has to be in S3 before the job starts."""
        return self.training.bundles()

    def metrics_uri(self) -> None:
        """The best training job and its metric are in the description."""

    def _completion_criteria(self) -> Request:
        criteria: Request = {}
        if self.target is not None:
            criteria["TargetObjectiveMetricValue"] = self.target
        if self.max_jobs_not_improving is not None:
            count = {"MaxNumberOfTrainingJobsNotImproving": self.max_jobs_not_improving}
            criteria["BestObjectiveNotImproving"] = count
        return criteria

    def _ranges(self) -> Request:
        ranges: dict[str, list[Request]] = {
            "IntegerParameterRanges": [],
            "ContinuousParameterRanges": [],
            "CategoricalParameterRanges": [],
        }
        for name, given in self.ranges.items():
            if isinstance(given, Interval):
                whole = isinstance(given.low, int) and isinstance(given.high, int)
                kind = "IntegerParameterRanges" if whole else "ContinuousParameterRanges"
                ranges[kind].append(_interval(name, given))
            else:
                # Script mode reads every value as JSON, so a text needs its quotation marks.
                texts = [json.dumps(value) if self.training.code else str(value) for value in given]
                ranges["CategoricalParameterRanges"].append({"Name": name, "Values": texts})
        return ranges


def _interval(name: str, interval: Interval) -> Request:
    ends = {"MinValue": str(interval.low), "MaxValue": str(interval.high)}
    return {"Name": name, **ends, "ScalingType": interval.scaling}
