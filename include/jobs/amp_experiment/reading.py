"""What an experiment says: uplifts with intervals, guardrails, and whether it may be read at all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd
from statsmodels.stats.multitest import multipletests

from metrics import GUARDRAILS, Metric
from observations import CONTROL, TREATMENT, Observations
from sensitivity import minimal_detectable_effect
from uplift import TooFewError, Uplift, relative_uplift


@dataclass(frozen=True)
class Plan:
    """What was decided before anything was measured.

    Args:
        alpha: how often a difference may be found that is none.
        power: how surely the minimal detectable effect would be found.
    """

    alpha: float
    power: float


@dataclass(frozen=True)
class Comparison:
    """A metric of both variants.

    Args:
        title: for people.
        better: 1 if more is better, -1 if less is.
        control: its mean; so ``treatment``.
        uplift: relative; so ``low`` and ``high``, the ends of its interval of confidence 1 - alpha.
        p_value: two-sided, of no difference.
        harm: one-sided p-value of no change for the worse; of a guardrail it allows for the others (Holm).
        detectable: the least uplift that would be found with the plan's power.
    """

    title: str
    better: int
    control: float
    treatment: float
    uplift: float
    low: float
    high: float
    p_value: float
    harm: float
    detectable: float


def compared(
    metric: Metric, observations: Observations, before: pd.DataFrame | None, plan: Plan
) -> Comparison:
    """A metric of the treatment against the control.

    Args:
        metric: what is compared.
        observations: of the experiment's days.
        before: counts by user of the days before it, to cut the variance by; None for none.
        plan: its probabilities.

    Raises:
        TooFewError: there is nothing to compare.
    """
    users = observations.users
    earlier = None if before is None else before.reindex(users.index, fill_value=0)
    control, treatment = (
        metric.sample(users, earlier, observations.chosen(each)) for each in (CONTROL, TREATMENT)
    )
    found: Uplift = relative_uplift(control, treatment)
    low, high = found.interval(1 - plan.alpha)
    return Comparison(
        title=metric.title,
        better=metric.better,
        control=control.mean,
        treatment=treatment.mean,
        uplift=found.estimate,
        low=low,
        high=high,
        p_value=found.p_value,
        harm=found.p_value_of(-metric.better),
        detectable=minimal_detectable_effect(control, treatment, plan.alpha, plan.power),
    )


def guarded(
    observations: Observations, before: pd.DataFrame | None, plan: Plan
) -> tuple[dict[str, Comparison], dict[str, str]]:
    """The guardrails that can be compared, and why others cannot, such as because nobody opted out."""
    found, impossible = {}, {}
    for name, metric in GUARDRAILS.items():
        try:
            found[name] = compared(metric, observations, before, plan)
        except TooFewError as error:
            impossible[name] = str(error)
    return with_holm(found), impossible


def with_holm(guardrails: Mapping[str, Comparison]) -> dict[str, Comparison]:
    """The same with p-values of harm by Holm's step-down: with alpha, one of them in all is a false alarm."""
    if not guardrails:
        return {}
    corrected = multipletests([each.harm for each in guardrails.values()], method="holm")[1]
    return {
        name: replace(each, harm=float(p_value))
        for (name, each), p_value in zip(guardrails.items(), corrected, strict=True)
    }
