"""FT, the counterfactual fliptest: do similar members of the other facet get another prediction?"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from comparisons import UndefinedMetricError

NEIGHBOURS = 5
FEWEST_FOR_SEVERAL = 10
"""With fewer members of facet a, Clarify asks the nearest one only."""

Features: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


def flip_test(features: Features, is_d: Flags, predicted: Flags) -> float:
    """(F+ - F-) / n_d, from -1 to 1.

    F+ counts the members of facet d with a negative prediction whose nearest neighbours in facet a have
    mostly positive ones; F- those with a positive prediction whose neighbours have mostly negative ones. Five
    neighbours are asked, or one if facet a has fewer than ten members. Distances are Euclidean over the
    features as they are. Of members of a at the same point each has the same part of a vote, so the order of
    the rows does not matter; a tie flips nobody.

    The sign is that of AWS's developer guide; Clarify's open library has the opposite one.

    https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-post-training-bias-metric-ft.html

    Args:
        features: shape (rows, features); rows with a NaN are left out.
        is_d: shape (rows,), whether a row belongs to facet d.
        predicted: shape (rows,), whether its predicted label is positive.

    Raises:
        UndefinedMetricError: there is no feature, or no row of a or d has all of them.
    """
    if not features.shape[1]:
        raise UndefinedMetricError("the data has no column of numbers to find neighbours by")
    whole = np.isfinite(features).all(axis=1)
    a, d = whole & ~is_d, whole & is_d
    if not a.any() or not d.any():
        raise UndefinedMetricError("no row of one of the two groups has a number in every feature")
    asked = NEIGHBOURS if np.count_nonzero(a) >= FEWEST_FOR_SEVERAL else 1
    places, members, positive = _gathered(features[a], predicted[a])
    targets, d_members, d_positive = _gathered(features[d], predicted[d])
    votes = _votes(KDTree(places), targets, members, positive, asked)
    flipped = np.where(votes > 0, d_members - d_positive, 0) - np.where(votes < 0, d_positive, 0)
    return float(flipped.sum() / d_members.sum())


def _gathered(features: Features, predicted: Flags) -> tuple[Features, NDArray[np.int64], NDArray[np.int64]]:
    """The distinct points, and at each the number of rows and of those that are predicted positive."""
    order = np.lexsort(features.T)
    ordered = features[order]
    begins = np.concatenate([[True], np.any(ordered[1:] != ordered[:-1], axis=1)])
    first = np.flatnonzero(begins)
    members = np.diff(first, append=len(ordered))
    positive = np.add.reduceat(predicted[order].astype(np.int64), first)
    return ordered[first], members, positive


def _votes(
    tree: "KDTree",
    targets: Features,
    members: NDArray[np.int64],
    positive: NDArray[np.int64],
    asked: int,
) -> NDArray[np.float64]:
    """Shape (targets,): more than 0 where the neighbours' predictions are mostly positive, 0 for a tie."""
    nearest = min(asked, len(members))
    places = tree.query(targets, k=np.arange(1, nearest + 1), workers=-1)[1]
    counted = np.cumsum(members[places], axis=1)
    # Of the last point that is needed as many members vote as are still missing.
    weights = np.minimum(counted, asked) - np.minimum(counted - members[places], asked)
    leaning: NDArray[np.float64] = np.sum(weights * (2 * positive[places] / members[places] - 1), axis=1)
    return np.round(leaning, 9)
