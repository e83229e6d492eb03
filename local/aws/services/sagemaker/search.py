"""Chooses the hyperparameters of a tuning job's next training job from what the others achieved."""

import itertools
import math
from collections.abc import Sequence
from typing import Protocol

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.study import StudyDirection
from optuna.trial import TrialState

from local.aws.services.sagemaker.ranges import Parameter
from local.aws.services.sagemaker.validation import ValidationError

FEWEST_RANDOM, MOST_RANDOM = 3, 10

Values = dict[str, str]


class Search(Protocol):
    """A strategy. Points are numbered in the order in which they are asked for, from 0."""

    def ask(self) -> Values:
        """The next point: a text for each hyperparameter."""

    def tell(self, number: int, value: float | None) -> None:
        """What a point achieved; None where its training job left no value."""


class SampledSearch:
    """Random points, or points that a Tree-structured Parzen Estimator expects to be good."""

    def __init__(self, parameters: Sequence[Parameter], sampler: BaseSampler, goal: str) -> None:
        self._parameters = parameters
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        direction = StudyDirection[goal.upper()]
        self._study = optuna.create_study(sampler=sampler, direction=direction)

    def ask(self) -> Values:
        """See `Search`."""
        trial = self._study.ask({p.name: p.distribution for p in self._parameters})
        return {p.name: p.text(trial.params[p.name]) for p in self._parameters}

    def tell(self, number: int, value: float | None) -> None:
        """See `Search`."""
        if value is None:
            self._study.tell(number, state=TrialState.FAIL)
        else:
            self._study.tell(number, value)


class GridSearch:
    """Every combination of categorical values, once."""

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self._names = [parameter.name for parameter in parameters]
        self._points = itertools.product(*(choices(parameter) for parameter in parameters))

    def ask(self) -> Values:
        """See `Search`."""
        return dict(zip(self._names, next(self._points), strict=True))

    def tell(self, number: int, value: float | None) -> None:
        """See `Search`. A grid does not depend on it."""


def choices(parameter: Parameter) -> Sequence[str]:
    """The values of a categorical range. Raises `ValidationError` for another."""
    if not isinstance(parameter.distribution, CategoricalDistribution):
        raise ValidationError(
            f"Strategy Grid needs categorical ranges only, and {parameter.name} has none: "
            "give a CategoricalParameterRange."
        )
    return [str(choice) for choice in parameter.distribution.choices]


def grid_size(parameters: Sequence[Parameter]) -> int:
    """The number of combinations."""
    return math.prod(len(choices(parameter)) for parameter in parameters)


def search(
    strategy: str, parameters: Sequence[Parameter], *, goal: str, total: int, seed: int | None
) -> Search:
    """The search of a strategy.

    Args:
        strategy: ``Random``, ``Bayesian`` or ``Grid``.
        parameters: what is tuned.
        goal: ``Minimize`` or ``Maximize``.
        total: training jobs in all.
        seed: makes the points of a strategy the same for the same values told.
    """
    if strategy == "Grid":
        return GridSearch(parameters)
    if strategy == "Random":
        return SampledSearch(parameters, RandomSampler(seed=seed), goal)
    first = min(MOST_RANDOM, max(FEWEST_RANDOM, total // 4))
    # The liar keeps points that are asked for at the same time apart.
    sampler = TPESampler(seed=seed, n_startup_trials=first, constant_liar=True)
    return SampledSearch(parameters, sampler, goal)
