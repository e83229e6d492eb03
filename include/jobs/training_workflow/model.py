"""The model's file: a logistic regression as plain numbers, so that nothing is unpickled to read it.

``{"format": 1, "label": .., "features": [..], "coefficients": [..], "intercept": ..}``; the probability of
the higher class is ``1 / (1 + exp(-(intercept + features . coefficients)))``.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from archive import member
from failure import JobError

FILE = "model.json"
FORMAT = 1

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class LinearModel:
    """Coefficients by feature, in log-odds for one unit of the feature."""

    label: str
    features: list[str]
    coefficients: list[float]
    intercept: float

    def probabilities(self, table: pd.DataFrame) -> Array:
        """The probability of the higher class for each row.

        Raises:
            JobError: the table has not all of the model's features.
        """
        if missing := [name for name in self.features if name not in table]:
            raise JobError(
                f"The model takes {len(self.features)} features; the table lacks {len(missing)} of them, "
                f"such as {missing[0]!r}."
            )
        logits = table[self.features].to_numpy(np.float64) @ np.array(self.coefficients) + self.intercept
        return np.asarray(1 / (1 + np.exp(-np.clip(logits, -500, 500))), np.float64)

    def write(self, folder: Path) -> None:
        """Writes the model's file."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(json.dumps({"format": FORMAT, **asdict(self)}, indent=2) + "\n")

    @classmethod
    def read(cls, folder: Path) -> "LinearModel":
        """The model of ``model.tar.gz`` in a folder.

        Raises:
            JobError: there is no archive, or it holds no model that this code reads.
        """
        content = member(folder / "model.tar.gz", FILE)
        try:
            fields: dict[str, Any] = json.loads(content)
            if fields.pop("format") != FORMAT:
                raise JobError(f"{FILE} is of another format than {FORMAT}: train again.")
            return cls(**fields)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise JobError(f"{FILE} is not a model of this workflow: {error!r}.") from error
