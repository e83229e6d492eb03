"""What ends a tuning job before its number of training jobs is reached.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-progress.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

IMPROVEMENT = 0.01
"""A training job that is better than the best before it by less than this share of it does not improve."""


@dataclass(frozen=True)
class Completion:
    """The criteria of a request; None for one that it does not name.

    Attributes:
        goal: ``Minimize`` or ``Maximize``.
        target: a value of the objective that is good enough.
        patience: so many training jobs one after the other without an improvement are enough.
        seconds: how long the tuning job may run.
    """

    goal: str
    target: float | None
    patience: int | None
    seconds: float | None

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Completion":
        """From a `HyperParameterTuningJobConfig`."""
        criteria = config.get("TuningJobCompletionCriteria") or {}
        return cls(
            config["HyperParameterTuningJobObjective"]["Type"],
            criteria.get("TargetObjectiveMetricValue"),
            (criteria.get("BestObjectiveNotImproving") or {}).get("MaxNumberOfTrainingJobsNotImproving"),
            config["ResourceLimits"].get("MaxRuntimeInSeconds"),
        )

    def reason(self, values: Sequence[float], seconds: float) -> str | None:
        """Why this is enough, in a sentence; None where it is not.

        Args:
            values: what the training jobs achieved, in the order of their ends.
            seconds: how long the tuning job has run.
        """
        if self.seconds is not None and seconds >= self.seconds:
            return f"it has run for MaxRuntimeInSeconds, {self.seconds:g}"
        if self.target is not None and any(self._reaches(value, self.target) for value in values):
            return f"a training job has reached TargetObjectiveMetricValue, {self.target:g}"
        if self.patience is not None and self.not_improving(values) >= self.patience:
            return f"{self.patience} training jobs one after the other have not improved by 1 % or more"
        return None

    def not_improving(self, values: Sequence[float]) -> int:
        """How many of the last values are not better by 1 % than the best before them."""
        best: float | None = None
        count = 0
        for value in values:
            if best is None or self._improves(value, best):
                best, count = value, 0
            else:
                count += 1
        return count

    def _reaches(self, value: float, bound: float) -> bool:
        return value <= bound if self.goal == "Minimize" else value >= bound

    def _improves(self, value: float, best: float) -> bool:
        step = IMPROVEMENT * abs(best)
        return value != best and self._reaches(value, best - step if self.goal == "Minimize" else best + step)
