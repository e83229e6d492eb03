"""Whether a chance of 20 % comes true one time in five."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, chi2

Floats: TypeAlias = NDArray[np.floating]

BINS = 10
TINY = 1e-9


@dataclass(frozen=True)
class Bin:
    """Shots with similar chances."""

    shots: int
    predicted: float
    """Mean chance."""
    observed: float
    """Share of goals, with the ends of its 95 % interval."""
    low: float
    high: float


def bins(goals: Floats, chances: Floats, count: int = BINS) -> list[Bin]:
    """As many shots in each, ordered by chance.

    Args:
        goals: (shots,) of 0 and 1.
        chances: (shots,) from 0 to 1.
        count: of bins, at most.
    """
    order = np.argsort(chances, kind="stable")
    parts = np.array_split(order, min(count, len(order)))
    return [_bin(goals[part], chances[part]) for part in parts]


def error(found: list[Bin]) -> float:
    """The expected calibration error: the mean distance of observed from predicted, weighted by shots.

    Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning" (2015).
    """
    total = sum(each.shots for each in found)
    return sum(each.shots * abs(each.observed - each.predicted) for each in found) / total


def p_value(found: list[Bin]) -> float:
    """How likely chance alone makes differences so large, where all chances are right: near 0 they are not.

    The test of Hosmer and Lemeshow, "Goodness of fit tests for the multiple logistic regression model"
    (1980), on shots that the model has not seen, so that no degree of freedom is lost.

    >>> round(p_value([Bin(100, 0.1, 0.12, 0, 0), Bin(100, 0.2, 0.2, 0, 0)]), 3)
    0.801
    """
    statistic = sum(
        each.shots * (each.observed - each.predicted) ** 2 / max(each.predicted * (1 - each.predicted), TINY)
        for each in found
    )
    return float(chi2.sf(statistic, len(found)))


def _bin(goals: Floats, chances: Floats) -> Bin:
    """Wilson's interval: that of a share near 0 stays above it."""
    found = binomtest(int(goals.sum()), len(goals))
    ends = found.proportion_ci(method="wilson")
    return Bin(len(goals), float(chances.mean()), float(found.statistic), float(ends.low), float(ends.high))
