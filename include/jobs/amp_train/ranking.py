"""How good a ranking is: NDCG of each query, and how sure the difference of two is.

Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20 (2002), with a
gain of 1 for a show that was listened to and the discount 1 / log2(rank + 1).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

TOP = 10
AT_ONCE = 1_000_000
"""Users drawn at once, which bounds the memory."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An estimate and where it lies with the confidence of ``level``."""

    estimate: float
    low: float
    high: float
    level: float


def ndcg(rows: pd.DataFrame, scores: Floats) -> pd.DataFrame:
    """NDCG at `TOP` of every query that has a show that was listened to.

    Shows of the same score stand in the order of a hash of theirs, which favours none.

    Args:
        rows: ``hour, user_id, show_id, label``; hour and user are a query.
        scores: by row; the higher comes first.

    Returns:
        ``hour, user_id, ndcg``.
    """
    ties = pd.util.hash_array(rows["show_id"].to_numpy(object))
    table = rows[["hour", "user_id", "label"]].assign(score=-scores, tie=ties)
    ordered = table.sort_values(["hour", "user_id", "score", "tie"], kind="stable")
    rank = ordered.groupby(["hour", "user_id"]).cumcount()
    discount = np.where(rank < TOP, 1 / np.log2(rank + 2), 0.0)
    gained = ordered.assign(gain=ordered["label"] * discount)
    queries = gained.groupby(["hour", "user_id"]).agg(gain=("gain", "sum"), wanted=("label", "sum"))
    queries = queries[queries["wanted"] > 0].reset_index()
    best = np.cumsum(1 / np.log2(np.arange(TOP) + 2))
    ideal = best[np.minimum(queries["wanted"].to_numpy(), TOP) - 1]
    return queries[["hour", "user_id"]].assign(ndcg=queries["gain"] / ideal)


def difference(
    first: pd.DataFrame, second: pd.DataFrame, *, samples: int = 2000, level: float = 0.95, seed: int = 0
) -> Interval:
    """The mean NDCG of the second ranking less that of the first, over the same queries.

    Queries of one user depend on each other and those of different users do not: so whole users are drawn
    with replacement, the same ones for both rankings. The interval is that of the percentiles.

    Raises:
        ValueError: there are fewer than two users.
    """
    gain = second.set_index(["hour", "user_id"])["ndcg"] - first.set_index(["hour", "user_id"])["ndcg"]
    users = gain.groupby("user_id").agg(["sum", "count"]).to_numpy(np.float64)
    if len(users) < 2:  # noqa: PLR2004
        raise ValueError(f"An interval needs at least two users, not {len(users)}: hold out more days.")
    random, batch = np.random.default_rng(seed), max(1, AT_ONCE // len(users))
    means: list[Floats] = []
    for done in range(0, samples, batch):
        drawn = users[random.integers(len(users), size=(min(batch, samples - done), len(users)))].sum(axis=1)
        means.append(drawn[:, 0] / drawn[:, 1])
    low, high = np.quantile(np.concatenate(means), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(gain.mean()), float(low), float(high), level)
