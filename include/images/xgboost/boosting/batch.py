"""Rows on their way from a file to XGBoost."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix

FloatArray = np.ndarray[Any, np.dtype[np.float32]]


BATCH_ROWS = 65_536
"""Rows that are decoded at a time, at most."""
BATCH_VALUES = 1 << 24
"""Values of those rows, at most, but for the last row: 64 MiB of float32."""


class DataError(ValueError):
    """The user's data cannot be used. The message is one sentence that names the file and what is wrong."""


@dataclass(frozen=True)
class Batch:
    """Some rows.

    Attributes:
        features: shape (rows, features), float32; a missing value is NaN, or left out of a sparse matrix.
        labels: shape (rows,), or None where rows are for prediction.
        weights: shape (rows,), or None where all rows count alike.
        names: of all columns, the label's among them; none where the format has no names.
    """

    features: "FloatArray | csr_matrix"
    labels: FloatArray | None = None
    weights: FloatArray | None = None
    names: tuple[str, ...] = ()

    @property
    def sparse(self) -> bool:
        """Whether values that are not there are left out."""
        return isinstance(self.features, csr_matrix)

    @property
    def rows(self) -> int:
        """How many there are."""
        return int(self.features.shape[0])

    @property
    def columns(self) -> int:
        """How many features there are; a lower bound where rows are sparse."""
        return int(self.features.shape[1])

    def every(self, step: int, start: int) -> Self:
        """Each ``step``-th row from ``start`` on."""
        chosen = slice(start, None, step)
        return type(self)(
            self.features[chosen],
            None if self.labels is None else self.labels[chosen],
            None if self.weights is None else self.weights[chosen],
            self.names,
        )


@dataclass(frozen=True)
class Layout:
    """What rows consist of beside their features.

    Attributes:
        labelled: each row has a label, the first column where there are columns.
        weighted: each row has a weight, the column after the label; CSV and Parquet only.
        columns: the names that Parquet's columns have to have, in the order in which they are used; those
            of the first file if there are none. Other formats have no names.
    """

    labelled: bool = True
    weighted: bool = False
    columns: tuple[str, ...] = ()


def from_columns(table: FloatArray, layout: Layout, source: str) -> Batch:
    """The batch in a table whose columns are label, weight and features, the first two where there are any.

    Its names are the layout's columns.

    Raises:
        DataError: no column is left for the features.
    """
    labelled, weighted = int(layout.labelled), int(layout.weighted)
    first = labelled + weighted
    if table.shape[1] <= first:
        wanted = " then ".join(["the label"] * labelled + ["the weight"] * weighted + ["the features"])
        raise DataError(f"{source} has {_columns(table.shape[1])}: expected {wanted}.")
    return Batch(
        np.ascontiguousarray(table[:, first:]),
        np.ascontiguousarray(table[:, 0]) if labelled else None,
        np.ascontiguousarray(table[:, labelled]) if weighted else None,
        layout.columns,
    )


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"
