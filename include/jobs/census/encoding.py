"""From rows to features: bins, scaled numbers and a column for each category, fitted on training rows."""

import itertools
import warnings
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, StandardScaler

from columns import BINNED, LABEL, ONE_HOT, SCALED

BINS = 10
MAX_CATEGORIES = 30
"""The rarer categories of a column share one feature, so that free text cannot make thousands."""
ROWS_AT_ONCE = 50_000
OTHERS = "infrequent_sklearn"
"""What scikit-learn calls the rarer categories in the names of features."""

Array: TypeAlias = NDArray[np.float64]


class Encoder:
    """scikit-learn's column transformer with names that people can read, e.g. ``age=37..41``."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.transformer = ColumnTransformer([
            (
                "binned",
                KBinsDiscretizer(
                    BINS, encode="onehot", quantile_method="averaged_inverted_cdf", subsample=None
                ),
                list(BINNED),
            ),
            ("scaled", StandardScaler(), list(SCALED)),
            (
                "one_hot",
                OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MAX_CATEGORIES),
                list(ONE_HOT),
            ),
        ])  # fmt: skip
        with warnings.catch_warnings():
            # A column in which most values are the same, such as 40 hours, gets fewer bins.
            warnings.filterwarnings("ignore", message="Bins whose width are too small")
            self.transformer.fit(rows)

    @property
    def features(self) -> list[str]:
        """The names of the features, in the order of their columns."""
        one_hot = self.transformer.named_transformers_["one_hot"]
        names = one_hot.get_feature_names_out(list(ONE_HOT))
        categories = [_category(name) for name in names]
        return [*self._bin_names(), *SCALED, *categories]

    def encoded(self, rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
        """Tables of the label and the features, of at most ROWS_AT_ONCE rows."""
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = rows.iloc[start : start + ROWS_AT_ONCE]
            values = self.transformer.transform(part)
            dense = values.toarray() if hasattr(values, "toarray") else values
            table = pd.DataFrame(dense, columns=self.features)
            table.insert(0, LABEL, part[LABEL].to_numpy())
            yield table

    def description(self) -> dict[str, Any]:
        """What the features mean, for whoever asks the model for a prediction."""
        scaler = self.transformer.named_transformers_["scaled"]
        return {
            "label": LABEL,
            "features": self.features,
            "bins": {name: edges.tolist() for name, edges in zip(BINNED, self._edges(), strict=True)},
            "scales": {
                name: {"mean": float(mean), "scale": float(scale)}
                for name, mean, scale in zip(SCALED, scaler.mean_, scaler.scale_, strict=True)
            },
            "categories": {
                name: categories.tolist()
                for name, categories in zip(
                    ONE_HOT, self.transformer.named_transformers_["one_hot"].categories_, strict=True
                )
            },
        }

    def _edges(self) -> list[Array]:
        return list(self.transformer.named_transformers_["binned"].bin_edges_)

    def _bin_names(self) -> list[str]:
        return [
            f"{column}={low:g}..{high:g}"
            for column, edges in zip(BINNED, self._edges(), strict=True)
            for low, high in itertools.pairwise(edges)
        ]


def _category(name: str) -> str:
    column = next(column for column in ONE_HOT if name.startswith(f"{column}_"))
    category = name.removeprefix(f"{column}_")
    return f"{column}={'(others)' if category == OTHERS else category}"
