"""Held-out rows with their predictions, as people would write them down."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from columns import FEATURES, MEASURES, SEXES
from failure import JobError

RINGS = 10
"""An abalone with so many counts as old. A threshold of Clarify's would leave them out."""


def write_predictions(path: Path, tables: Iterable[tuple[Any, Any]]) -> None:
    """Writes CSV with a header: sex and measures, ``old`` and ``predicted_old``, each 1 or 0.

    Args:
        path: of the file; its folder is made.
        tables: of each file the rows, shape (rows, 1 + features), and their predictions, shape (rows,).

    Raises:
        JobError: the rows do not have the features of this pipeline.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for number, (rows, predicted) in enumerate(tables):
        table = _readable(rows, predicted)
        table.to_csv(path, index=False, mode="a" if number else "w", header=not number)


def _readable(rows: Any, predicted: Any) -> pd.DataFrame:
    if (given := rows.shape[1] - 1) != len(FEATURES):
        raise JobError(f"The validation rows have {given} features, not the {len(FEATURES)} of abalone.")
    table = pd.DataFrame(rows[:, 1:], columns=list(FEATURES))
    sexes = table[[f"sex_{sex}" for sex in SEXES]].to_numpy().argmax(axis=1)
    readable = table[list(MEASURES)]
    readable.insert(0, "sex", [SEXES[place] for place in sexes])
    readable["old"] = (rows[:, 0] >= RINGS).astype(int)
    readable["predicted_old"] = (predicted >= RINGS).astype(int)
    return readable
