"""Chooses the hyperparameters of a tuning job's next training job from what the others achieved."""

import itertools
import math
import random
import secrets
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.study import StudyDirection
from optuna.trial import Trial, TrialState, create_trial

from local.aws.services.sagemaker.ranges import Parameter
from local.aws.services.sagemaker.validation import ValidationError

FEWEST_RANDOM, MOST_RANDOM = 3, 10
GOOD, MOST_GOOD = 0.25, 25
"""The share of the results that counts as good, and how many at most."""

Values = dict[str, str]


@dataclass(frozen=True)
class Proposal:
    """A point to try, and what it was chosen by.

    Attributes:
        values: a text for each hyperparameter.
        finished: the numbers of the points whose results it was chosen by; none for a random point.
        inherited: how many results of other searches it was chosen by.
    """

    values: Values
    finished: tuple[int, ...] = ()
    inherited: int = 0


class Search(Protocol):
    """A strategy. The caller numbers the points; it asks for one at a time and tells in any order."""

    def ask(self, number: int) -> Proposal:
        """The point of this number."""

    def tell(self, number: int, value: float | None) -> None:
        """What a point that was asked for achieved; None where its training job left no value."""

    def learn(self, values: Mapping[str, str], value: float | None, number: int | None = None) -> None:
        """What a point achieved that this object was not asked for: an earlier one, or a parent's.

        Args:
            values: a text for each hyperparameter; others do not matter.
            value: None where its training job left no value.
            number: that of an earlier point of the same tuning job.
        """


class RandomSearch:
    """Random points. With a seed, the point of a number is always the same.

    Args:
        parameters: what is tuned.
        goal: ``Minimize`` or ``Maximize``.
        seed: makes the points the same for the same results.
    """

    needed = math.inf
    """Results from which on points are chosen by them."""

    def __init__(self, parameters: Sequence[Parameter], *, goal: str, seed: int | None) -> None:
        self._parameters = parameters
        self._distributions: dict[str, BaseDistribution] = {p.name: p.distribution for p in parameters}
        self._seed = secrets.randbits(32) if seed is None else seed
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(direction=StudyDirection[goal.upper()])
        self._trials: dict[int, Trial] = {}
        self._finished: list[int] = []
        self._inherited = 0

    def ask(self, number: int) -> Proposal:
        """See `Search`."""
        # Seeded anew for each point, so that a search that goes on asks for what it would have asked for.
        state = random.Random(f"{self._seed}:{number}").getrandbits(32)  # noqa: S311  # not a secret
        self._study.sampler = self.sampler(state)
        trial = self._trials[number] = self._study.ask(self._distributions)
        values = {p.name: p.text(trial.params[p.name]) for p in self._parameters}
        if len(self._finished) + self._inherited < self.needed:
            return Proposal(values)
        return Proposal(values, tuple(sorted(self._finished)), self._inherited)

    def tell(self, number: int, value: float | None) -> None:
        """See `Search`."""
        trial = self._trials.pop(number)
        if value is None:
            self._study.tell(trial, state=TrialState.FAIL)
        else:
            self._study.tell(trial, value)
            self._finished.append(number)

    def learn(self, values: Mapping[str, str], value: float | None, number: int | None = None) -> None:
        """See `Search`. A point outside the ranges is left out."""
        drawn = {p.name: p.drawn(values[p.name]) for p in self._parameters if p.name in values}
        if value is None or len(drawn) < len(self._parameters) or None in drawn.values():
            return
        self._study.add_trial(create_trial(params=drawn, distributions=self._distributions, value=value))
        if number is None:
            self._inherited += 1
        else:
            self._finished.append(number)

    def sampler(self, seed: int) -> BaseSampler:
        """Draws a point."""
        return RandomSampler(seed=seed)


class BayesianSearch(RandomSearch):
    """Points that a Tree-structured Parzen Estimator expects to be good; the first ones are random.

    https://optuna.readthedocs.io/en/stable/reference/samplers/generated/optuna.samplers.TPESampler.html

    Args:
        parameters: what is tuned.
        goal: ``Minimize`` or ``Maximize``.
        seed: makes the points the same for the same results.
        needed: so many results are there before points are chosen by them.
    """

    def __init__(self, parameters: Sequence[Parameter], *, goal: str, seed: int | None, needed: int) -> None:
        super().__init__(parameters, goal=goal, seed=seed)
        self.needed = needed

    def sampler(self, seed: int) -> BaseSampler:
        """Draws a point by what is known. The liar keeps it apart from the points that run."""
        with warnings.catch_warnings():
            # It will be gone in optuna 6, which is why the requirements stop before that.
            warnings.filterwarnings("ignore", "`gamma` has been deprecated", FutureWarning)
            return TPESampler(seed=seed, n_startup_trials=int(self.needed), gamma=good, constant_liar=True)


def good(results: int) -> int:
    """How many of so many results count as good.

    More than optuna's tenth, of which a usual tuning job, a dozen training jobs, has but one result to learn
    from: with it the search was no better than a random one on some surfaces.
    """
    return min(MOST_GOOD, math.ceil(GOOD * results))


class GridSearch:
    """Every combination of categorical values, once."""

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self._names = [parameter.name for parameter in parameters]
        self._points = itertools.product(*(choices(parameter) for parameter in parameters))
        self._tried: set[tuple[str | None, ...]] = set()

    def ask(self, number: int) -> Proposal:  # noqa: ARG002  # part of the protocol
        """See `Search`."""
        point = next(point for point in self._points if point not in self._tried)
        return Proposal(dict(zip(self._names, point, strict=True)))

    def tell(self, number: int, value: float | None) -> None:
        """See `Search`. A grid does not depend on it."""

    def learn(
        self,
        values: Mapping[str, str],
        value: float | None,  # noqa: ARG002  # part of the protocol
        number: int | None = None,  # noqa: ARG002
    ) -> None:
        """See `Search`. What was tried is not tried again."""
        self._tried.add(tuple(values.get(name) for name in self._names))


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
        return RandomSearch(parameters, goal=goal, seed=seed)
    needed = min(MOST_RANDOM, max(FEWEST_RANDOM, total // 4))
    return BayesianSearch(parameters, goal=goal, seed=seed, needed=needed)
