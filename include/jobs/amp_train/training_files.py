"""The training set, as `build_training_set.py` has written it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from failure import JobError
from forest import Floats
from ranking_features import FEATURES, LABEL, NOT_KNOWN


def read_rows(folder: Path, columns: Sequence[str] = ()) -> pd.DataFrame:
    """The label, the features and more columns of every day, in order.

    Raises:
        JobError: there is no file, or it is another training set's.
    """
    files = sorted(folder.rglob("*.parquet"))
    if not files:
        raise JobError(f"There is no Parquet file in {folder}: give the training set's folder.")
    try:
        parts = [pd.read_parquet(path, columns=[*columns, LABEL, *FEATURES]) for path in files]
    except (ValueError, OSError) as error:
        raise JobError(f"{folder} is no training set of this pipeline: {error}.") from error
    return pd.concat(parts, ignore_index=True)


def model_input(rows: pd.DataFrame) -> Floats:
    """Features as the forest takes them: a null is `NOT_KNOWN`, which no feature is."""
    found: Floats = rows[[*FEATURES]].fillna(NOT_KNOWN).to_numpy(np.float32)
    return found
