"""What an experiment of a size can see, in uplifts of the control's mean."""

from statsmodels.stats.power import NormalIndPower

from uplift import Sample, pooled_deviation


def minimal_detectable_effect(control: Sample, treatment: Sample, alpha: float, power: float) -> float:
    """The least uplift that is found with this probability by a two-sided test at ``alpha``."""
    standardised = NormalIndPower().solve_power(
        effect_size=None,
        nobs1=control.count,
        ratio=treatment.count / control.count,
        alpha=alpha,
        power=power,
        alternative="two-sided",
    )
    return float(standardised) * _relative_deviation(control, treatment)


def power_of(uplift: float, control: Sample, treatment: Sample, alpha: float) -> float:
    """How probably an uplift is found by a two-sided test at ``alpha``."""
    return float(
        NormalIndPower().power(
            effect_size=abs(uplift) / _relative_deviation(control, treatment),
            nobs1=control.count,
            ratio=treatment.count / control.count,
            alpha=alpha,
            alternative="two-sided",
        )
    )


def _relative_deviation(control: Sample, treatment: Sample) -> float:
    return pooled_deviation((control, treatment)) / abs(control.mean)
