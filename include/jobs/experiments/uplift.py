"""How much more a variant has of something than the control: the relative difference of two means.

Its interval is by the delta method (Deng, Knoblich and Lu, "Applying the Delta Method in Metric Analytics",
KDD 2018) with Welch's degrees of freedom, since the variants need not vary alike.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
FEWEST = 2
"""Users of a variant, without whom there is no variance."""


class TooFewError(Exception):
    """There is nothing to estimate from. The message is one sentence for the user."""


@dataclass(frozen=True)
class Sample:
    """What is known of a variant: its users, their mean, and the variance (n - 1) between users."""

    count: int
    mean: float
    variance: float

    @classmethod
    def of_values(cls, values: Floats) -> "Sample":
        """Of a value by user (n,).

        Raises:
            TooFewError: there are fewer than two.
        """
        if len(values) < FEWEST:
            raise TooFewError(f"A variant has {len(values)} users, {FEWEST} at least are needed.")
        return cls(len(values), float(np.mean(values)), float(np.var(values, ddof=1)))

    @classmethod
    def of_ratio(cls, numerators: Floats, denominators: Floats) -> "Sample":
        """Of a ratio of two sums over users, each (n,), such as the share of sessions that were short.

        Its variance is that of the linearised values: sessions of a user are not independent, users are.

        Raises:
            TooFewError: there are fewer than two users, or nothing to divide by.
        """
        if not denominators.sum() > 0:
            raise TooFewError("The denominators of a ratio sum up to 0: there is nothing to measure.")
        ratio = numerators.sum() / denominators.sum()
        return cls.of_values(ratio + (numerators - ratio * denominators) / denominators.mean())


@dataclass(frozen=True)
class Uplift:
    """A relative difference: 0.03 is 3% more than the control has."""

    estimate: float
    standard_error: float
    degrees_of_freedom: float

    def interval(self, confidence: float) -> tuple[float, float]:
        """The interval that covers the truth in this share of all experiments."""
        if self.standard_error == 0:
            return self.estimate, self.estimate
        low, high = stats.t.interval(
            confidence, self.degrees_of_freedom, loc=self.estimate, scale=self.standard_error
        )
        return float(low), float(high)

    @property
    def p_value(self) -> float:
        """Two-sided, of no difference."""
        return min(1.0, 2 * self.p_value_of(1 if self.estimate > 0 else -1))

    def p_value_of(self, direction: int) -> float:
        """One-sided, of no difference in a direction: 1 for more than the control, -1 for less."""
        if self.standard_error == 0:
            return 0.0 if self.estimate * direction > 0 else 1.0
        statistic = self.estimate / self.standard_error * direction
        return float(stats.t.sf(statistic, self.degrees_of_freedom))


def relative_uplift(control: Sample, treatment: Sample) -> Uplift:
    """The uplift of a variant against the control.

    Raises:
        TooFewError: the control's mean is 0, which nothing can be compared with.
    """
    if control.mean == 0:
        raise TooFewError("The control's mean is 0: a relative difference from it does not exist.")
    ratio = treatment.mean / control.mean
    parts = (
        treatment.variance / treatment.count / control.mean**2,
        ratio**2 * control.variance / control.count / control.mean**2,
    )
    squares = (parts[0] ** 2 / (treatment.count - 1), parts[1] ** 2 / (control.count - 1))
    variance, square = sum(parts), sum(squares)
    degrees = variance**2 / square if square else math.inf
    return Uplift(ratio - 1, math.sqrt(variance), degrees)


def adjusted(values: Floats, before: Floats) -> Floats:
    """Values without what could be foretold from before the experiment; their mean stays.

    CUPED: Deng, Xu, Kohavi and Walker, "Improving the Sensitivity of Online Controlled Experiments by
    Utilizing Pre-Experiment Data", WSDM 2013. Of all variants together, so that each is adjusted alike.

    Args:
        values: (users,) of the experiment's days.
        before: (users,) of days before it, which no variant can have changed.
    """
    if len(values) < FEWEST or (spread := np.var(before, ddof=1)) == 0:
        return values
    slope = np.cov(values, before, ddof=1)[0, 1] / spread
    result: Floats = values - slope * (before - before.mean())
    return result


def pooled_deviation(samples: Sequence[Sample]) -> float:
    """The standard deviation between users, of all variants together."""
    degrees = sum(each.count - 1 for each in samples)
    return math.sqrt(sum((each.count - 1) * each.variance for each in samples) / degrees)
