"""What to do after an experiment, and the sentence that says why."""

from collections.abc import Mapping
from dataclasses import dataclass

from reading import Comparison, Plan
from sample_ratio import MISMATCH, SampleRatio

SHIP, DO_NOT_SHIP, INVALID = "ship", "do not ship", "invalid"


@dataclass(frozen=True)
class Verdict:
    """One of the three outcomes, and its reason."""

    outcome: str
    sentence: str


def mismatched(ratio: SampleRatio) -> Verdict:
    """Of an experiment whose variants do not have the users that they should have."""
    sizes = ", ".join(
        f"{variant} has {count:,} users where {ratio.expected[variant]:,.0f} were to be expected"
        for variant, count in ratio.observed.items()
    )
    return Verdict(
        INVALID,
        f"Sample-ratio mismatch: {sizes} (chi-squared p = {ratio.p_value:.1g}, under {MISMATCH:g}). Users of "
        "a variant are lost or doubled on the way, so no difference may be read: find out where first.",
    )


def decided(name: str, primary: Comparison, guardrails: Mapping[str, Comparison], plan: Plan) -> Verdict:
    """Ships where the first metric is surely better and no guardrail is surely worse.

    Args:
        name: of the metric that decides.
        primary: its comparison.
        guardrails: theirs, with p-values of harm by Holm.
        plan: its alpha is that of every test.
    """
    interval = f"{name} differs by {in_words(primary, plan)}"
    if harmed := [each for each, found in guardrails.items() if found.harm < plan.alpha]:
        surest = min(harmed, key=lambda each: guardrails[each].harm)
        worst = guardrails[surest]
        return Verdict(
            DO_NOT_SHIP,
            f"The guardrail {surest} is worse: {in_words(worst, plan)}, p of harm {worst.harm:.2g} by "
            f"Holm, under {plan.alpha:g}; {interval}.",
        )
    if primary.p_value >= plan.alpha:
        return Verdict(
            DO_NOT_SHIP,
            f"{interval}: that may be chance (p = {primary.p_value:.2g}). Of uplifts of "
            f"{primary.detectable:.1%} this experiment would find {plan.power:.0%}.",
        )
    if primary.uplift * primary.better < 0:
        return Verdict(DO_NOT_SHIP, f"{interval}: the treatment is worse (p = {primary.p_value:.2g}).")
    held = f"none of {len(guardrails)} guardrails is surely worse"
    return Verdict(SHIP, f"{interval} (p = {primary.p_value:.2g}), and {held}.")


def in_words(found: Comparison, plan: Plan) -> str:
    """An uplift with its interval."""
    return f"{found.uplift:+.2%}, {1 - plan.alpha:.0%} {found.low:+.2%} to {found.high:+.2%}"
