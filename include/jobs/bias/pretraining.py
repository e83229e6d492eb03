"""Bias metrics of data, before a model is trained.

The definitions and signs are those of AWS's developer guide. Where Clarify's open library differs, the guide
counts: its distributions have all values of the label, while the library first makes positive and negative of
them; and KL is infinite where facet d never has a label of facet a, which the library leaves out.

https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-measure-data-bias.html
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from comparisons import (
    Comparison,
    conditional_demographic_disparity,
    difference,
    positive_shares,
    ratio,
)


def class_imbalance(comparison: Comparison) -> float:
    """(n_a - n_d) / (n_a + n_d), from -1 to 1."""
    a, d = comparison.labels.sum(axis=1).tolist()
    return ratio(a - d, a + d)


def difference_in_proportions_of_labels(comparison: Comparison) -> float:
    """q_a - q_d, q the share of positive labels; from -1 to 1."""
    return difference(*positive_shares(comparison.observed))


def kullback_leibler(comparison: Comparison) -> float:
    """Sum over the labels of P_a ln(P_a / P_d), in nats, 0 or more."""
    return _divergence(*_distributions(comparison))


def jensen_shannon(comparison: Comparison) -> float:
    """Half of KL(P_a, P) + KL(P_d, P), P the mean of P_a and P_d; in nats, from 0 to ln 2."""
    a, d = _distributions(comparison)
    mean = (a + d) / 2
    return (_divergence(a, mean) + _divergence(d, mean)) / 2


def lp_norm(comparison: Comparison) -> float:
    """The Euclidean distance of P_a and P_d, from 0 to the root of 2."""
    a, d = _distributions(comparison)
    return float(np.linalg.norm(a - d))


def total_variation_distance(comparison: Comparison) -> float:
    """Half of the sum of all abs(P_a - P_d), from 0 to 1."""
    a, d = _distributions(comparison)
    return float(np.abs(a - d).sum() / 2)


def kolmogorov_smirnov(comparison: Comparison) -> float:
    """The largest abs(P_a - P_d) of a label, from 0 to 1."""
    a, d = _distributions(comparison)
    return float(np.abs(a - d).max())


def conditional_demographic_disparity_in_labels(comparison: Comparison) -> float:
    """The share of d of the rejected less that of the accepted, stratum by stratum; from -1 to 1."""
    return conditional_demographic_disparity(comparison, comparison.observed)


METRICS: Mapping[str, Callable[[Comparison], float]] = {
    "CDDL": conditional_demographic_disparity_in_labels,
    "CI": class_imbalance,
    "DPL": difference_in_proportions_of_labels,
    "JS": jensen_shannon,
    "KL": kullback_leibler,
    "KS": kolmogorov_smirnov,
    "LP": lp_norm,
    "TVD": total_variation_distance,
}


def _distributions(comparison: Comparison) -> NDArray[np.float64]:
    """P_a and P_d, shape (2, values of the label)."""
    shares: NDArray[np.float64] = comparison.labels / comparison.labels.sum(axis=1, keepdims=True)
    return shares


def _divergence(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    there = p > 0
    if np.any(q[there] == 0):
        return math.inf
    # Rounding must not make a distance of two equal distributions negative.
    return max(0.0, float(np.sum(p[there] * np.log(p[there] / q[there]))))
