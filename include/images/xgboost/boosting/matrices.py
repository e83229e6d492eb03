"""Rows as XGBoost wants them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xgboost as xgb
from scipy.sparse import vstack

from .batch import Batch
from .spool import Spool

MAX_BIN = 256
"""XGBoost's own default."""
HISTOGRAM_UPDATER = "grow_quantile_histmaker"
"""That of the tree method ``hist``, which alone takes a QuantileDMatrix."""


class Batches(xgb.DataIter):
    """A spool's rows, one batch at a time, as often as XGBoost asks for them."""

    def __init__(self, spool: Spool) -> None:
        super().__init__()
        self._spool = spool
        self._rows = iter(spool)

    def next(self, input_data: Callable[..., Any]) -> bool:
        """Hands the next batch to XGBoost; False after the last."""
        batch = next(self._rows, None)
        if batch is None:
            return False
        input_data(**_fields(batch))
        return True

    def reset(self) -> None:
        """Starts again at the first batch."""
        self._rows = iter(self._spool)


def build(
    spools: Mapping[str, Spool], parameters: Mapping[str, Any], *, exact: bool
) -> dict[str, xgb.DMatrix]:
    """A matrix for each channel, ``train`` the first of them.

    Args:
        spools: by the channel's name; they are closed.
        parameters: XGBoost's.
        exact: whether the values themselves are needed and not only their quantiles: to go on from a model
            whose splits were made on other rows. All rows are in memory then.
    """
    histogram = parameters.get("tree_method", "auto") in {"auto", "hist"}
    # An updater takes the place of the tree method.
    histogram = histogram and parameters.get("updater", HISTOGRAM_UPDATER) == HISTOGRAM_UPDATER
    quantised = histogram and parameters.get("booster", "gbtree") != "gblinear" and not exact
    bins = parameters.get("max_bin", MAX_BIN)
    made: dict[str, xgb.DMatrix] = {}
    for name, spool in spools.items():
        if quantised:
            # Other rows are cut where those of train are.
            made[name] = xgb.QuantileDMatrix(Batches(spool), max_bin=bins, ref=made.get("train"))
        else:
            made[name] = _whole(list(spool))
        spool.close()
    return made


def _whole(batches: list[Batch]) -> xgb.DMatrix:
    stack = vstack if batches[0].sparse else np.vstack
    weights = [batch.weights for batch in batches if batch.weights is not None]
    return xgb.DMatrix(
        stack([batch.features for batch in batches]),
        label=np.concatenate([batch.labels for batch in batches if batch.labels is not None]),
        weight=np.concatenate(weights) if weights else None,
    )


def _fields(batch: Batch) -> dict[str, Any]:
    fields = {"data": batch.features, "label": batch.labels, "weight": batch.weights}
    return {name: value for name, value in fields.items() if value is not None}
