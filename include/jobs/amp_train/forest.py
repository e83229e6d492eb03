"""A random forest as plain arrays: nothing is unpickled to read it, and NumPy alone predicts with it.

``forest.npz``: the nodes of all trees one after the other. ``feature``, ``threshold``, ``left`` and
``right`` of each node (``left`` is -1 for a leaf; a row goes left where its feature, as float32, is at most
the threshold), ``value``, the share of positives in it, ``roots``, where each tree begins, ``features``,
the names in their order, and ``importances``. The probability of a row is the mean of the values of its
leaves.
"""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE = "forest.npz"
AT_ONCE = 20_000
"""Ways of rows through trees that are followed together: for few rows, those through all trees."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Forest:
    """Arrays by node, see above; ``importances`` are by feature and sum to 1."""

    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float64]
    roots: NDArray[np.int64]
    features: NDArray[np.str_]
    importances: NDArray[np.float64]

    @classmethod
    def of(cls, classifier: Any, features: tuple[str, ...]) -> "Forest":
        """Of a fitted ``RandomForestClassifier`` of two classes."""
        trees = [estimator.tree_ for estimator in classifier.estimators_]
        roots = np.cumsum([0, *(tree.node_count for tree in trees)])[:-1]

        def shifted(children: str) -> NDArray[np.int32]:
            parts = [
                np.where(c >= 0, c + root, -1) for root, c in zip(roots, _all(trees, children), strict=True)
            ]
            return np.concatenate(parts).astype(np.int32)

        values = np.concatenate([tree.value[:, 0, :] for tree in trees])
        return cls(
            np.concatenate(_all(trees, "feature")).astype(np.int32),
            np.concatenate(_all(trees, "threshold")),
            shifted("children_left"),
            shifted("children_right"),
            values[:, 1] / values.sum(axis=1),
            roots,
            np.array(features),
            classifier.feature_importances_,
        )

    def probabilities(self, rows: Floats) -> NDArray[np.float64]:
        """Of a positive, for each row of (rows, features) without nulls.

        Raises:
            ValueError: the rows have another number of features.
        """
        if rows.ndim != 2 or rows.shape[1] != len(self.features):  # noqa: PLR2004
            raise ValueError(
                f"The rows have {rows.shape[-1]} features; the forest takes {len(self.features)}."
            )
        size = max(1, AT_ONCE // len(self.roots))
        parts = [self._of(rows[start : start + size]) for start in range(0, len(rows), size)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _of(self, rows: Floats) -> NDArray[np.float64]:
        """A way is a tree and a row: those of the first tree come first."""
        node = np.repeat(self.roots, len(rows))
        row = np.tile(np.arange(len(rows)), len(self.roots))
        going = np.arange(len(node))
        while len(going := going[self.left[node[going]] >= 0]):
            at = node[going]
            goes_left = rows[row[going], self.feature[at]] <= self.threshold[at]
            node[going] = np.where(goes_left, self.left[at], self.right[at])
        means: NDArray[np.float64] = self.value[node].reshape(len(self.roots), len(rows)).mean(axis=0)
        return means

    def write(self, folder: Path) -> None:
        """Writes the forest's file; the same forest gives the same bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(folder / FILE, **vars(self))

    @classmethod
    def read(cls, content: bytes) -> "Forest":
        """The forest of a file's content.

        Raises:
            ValueError: it is none.
        """
        try:
            with np.load(BytesIO(content), allow_pickle=False) as arrays:
                return cls(**{name: arrays[name] for name in cls.__dataclass_fields__})
        except (KeyError, OSError, ValueError, EOFError) as error:
            raise ValueError(f"{FILE} is not a forest of this pipeline: {error}.") from error


def _all(trees: list[Any], name: str) -> list[NDArray[Any]]:
    return [getattr(tree, name) for tree in trees]
