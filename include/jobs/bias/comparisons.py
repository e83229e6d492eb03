"""Two groups of rows, counted: all that the metrics need."""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Counts: TypeAlias = NDArray[np.int64]


class UndefinedMetricError(Exception):
    """The metric has no value for these rows. The message says why."""


@dataclass(frozen=True)
class Confusion:
    """The rows of a group by observed and predicted outcome."""

    tp: int
    fn: int
    fp: int
    tn: int

    @property
    def rows(self) -> int:
        """All of them."""
        return self.tp + self.fn + self.fp + self.tn


@dataclass(frozen=True)
class Comparison:
    """Rows of the facets a, everybody else (index 0), and d, the group that is asked about (index 1).

    Attributes:
        labels: shape (2, values of the label).
        outcomes: shape (2, strata, 2, predicted): by observed outcome, where 1 is positive, and by predicted
            outcome; the last axis has length 1 where nothing is predicted.
        has_strata: whether rows are told apart by a group variable.
    """

    labels: Counts
    outcomes: Counts
    has_strata: bool = False

    @property
    def observed(self) -> Counts:
        """Shape (2, strata, 2): by observed outcome."""
        counts: Counts = self.outcomes.sum(axis=3)
        return counts

    @property
    def predicted(self) -> Counts:
        """Shape (2, strata, 2): by predicted outcome."""
        counts: Counts = self.outcomes.sum(axis=2)
        return counts

    @property
    def confusions(self) -> tuple[Confusion, Confusion]:
        """Of a and of d."""
        return _confusion(self.outcomes[0]), _confusion(self.outcomes[1])


def _confusion(outcomes: Counts) -> Confusion:
    (tn, fp), (fn, tp) = outcomes.sum(axis=0).tolist()
    return Confusion(tp, fn, fp, tn)


def crossed(*axes: tuple[Counts, int]) -> Counts:
    """Rows for each combination of codes, shape (size, ...) with an axis for each (codes, size)."""
    sizes = [size for _, size in axes]
    places = np.ravel_multi_index([codes for codes, _ in axes], sizes)
    counts: Counts = np.bincount(places, minlength=math.prod(sizes)).reshape(sizes).astype(np.int64)
    return counts


def ratio(part: float, whole: float) -> float:
    """``part / whole``, as Clarify's library has it where ``whole`` is 0: 0 of 0 is 0, and else infinite.

    >>> ratio(1, 4), ratio(0, 0), ratio(3, 0)
    (0.25, 0.0, inf)
    """
    if whole == 0:
        return 0.0 if part == 0 else math.copysign(math.inf, part)
    return part / whole


def difference(first: float, second: float) -> float:
    """``first - second``; two infinite ratios of one sign do not differ.

    >>> difference(0.5, 0.25), difference(math.inf, math.inf), difference(1, math.inf)
    (0.25, 0.0, -inf)
    """
    return 0.0 if first == second else first - second


def positive_shares(counts: Counts) -> tuple[float, float]:
    """Of a and of d the share of rows with a positive outcome, of counts of shape (2, strata, 2)."""
    (a_no, a_yes), (d_no, d_yes) = counts.sum(axis=1).tolist()
    return ratio(a_yes, a_no + a_yes), ratio(d_yes, d_no + d_yes)


def conditional_demographic_disparity(comparison: Comparison, counts: Counts) -> float:
    """The mean over the strata, weighted by their rows, of d's share of the negative outcomes less its share
    of the positive ones.

    Where a stratum has no such outcome, d's share of it is 0.

    Args:
        comparison: says whether there are strata.
        counts: shape (2, strata, 2), of observed or of predicted outcomes.

    Raises:
        UndefinedMetricError: there is no group variable.

    https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-data-bias-metric-cddl.html
    """  # noqa: D205  # the definition is one sentence
    if not comparison.has_strata:
        raise UndefinedMetricError("Group variable is empty or not provided")
    whole = counts.sum(axis=0)
    shares = np.divide(counts[1], whole, out=np.zeros(whole.shape), where=whole > 0)
    rows = whole.sum(axis=1)
    return float(np.sum(rows * (shares[:, 0] - shares[:, 1])) / rows.sum())
