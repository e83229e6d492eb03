"""Whether the variants have as many users as they should: if not, whatever else differs means nothing.

Fabijan et al., "Diagnosing Sample Ratio Mismatch in Online Controlled Experiments", KDD 2019.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy import stats

MISMATCH = 0.001
"""Under this p-value the difference is not taken for chance: one in a thousand sound experiments is lost."""


@dataclass(frozen=True)
class SampleRatio:
    """Users by variant, how many were to be expected, and how likely a difference like this is by chance."""

    observed: Mapping[str, int]
    expected: Mapping[str, float]
    p_value: float

    @property
    def is_sound(self) -> bool:
        """Whether the experiment may be read."""
        return self.p_value >= MISMATCH


def sample_ratio(observed: Mapping[str, int], shares: Mapping[str, float]) -> SampleRatio:
    """Pearson's chi-squared test of users by variant against the variants' shares."""
    total, whole = sum(observed.values()), math.fsum(shares.values())
    expected = {variant: total * share / whole for variant, share in shares.items()}
    counts = [observed[variant] for variant in shares]
    p_value = float(stats.chisquare(counts, list(expected.values())).pvalue) if total else 1.0
    return SampleRatio(dict(observed), expected, p_value)
