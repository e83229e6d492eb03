"""When a training job of a tuning job is stopped before its end: the median rule.

After each epoch the objective is compared with the median, over the training jobs before, of the average of
their objectives up to that epoch; what is worse is stopped.
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html
"""

import itertools
import math
import statistics
from collections.abc import Iterable, Sequence

FEWEST_EPOCHS = 2
"""A training job with fewer values does not tell its objective epoch by epoch: nobody is compared with it."""


def falls_behind(
    values: Sequence[float], previous: Iterable[Sequence[float]], goal: str, *, since: int = 0
) -> int | None:
    """The first epoch, counted from 1, after which a training job is to be stopped; None for none so far.

    Args:
        values: its objectives so far, one an epoch.
        previous: those of the training jobs that ended before.
        goal: ``Minimize`` or ``Maximize``.
        since: epochs already compared, which jobs that ended later have no say in.
    """
    if len(values) <= since:
        return None
    compared = [_running_averages(series) for series in previous if len(series) >= FEWEST_EPOCHS]
    for epoch, value in enumerate(values[since:], since):
        averages = [series[epoch] for series in compared if epoch < len(series)]
        averages = [average for average in averages if math.isfinite(average)]
        if averages and _is_worse(value, statistics.median(averages), goal):
            return epoch + 1
    return None


def _running_averages(series: Sequence[float]) -> list[float]:
    """The averages of the first value, of the first two, and so on."""
    return [total / count for count, total in enumerate(itertools.accumulate(series), 1)]


def _is_worse(value: float, bound: float, goal: str) -> bool:
    """Also of what is not a number: a training that has diverged."""
    return not (value <= bound if goal == "Minimize" else value >= bound)
