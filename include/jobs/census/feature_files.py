"""Tables that one job hands to the next: CSV with a header, in a folder that Airflow never reads."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from shutil import rmtree

import numpy as np
import pandas as pd

from columns import LABEL
from failure import JobError

FEATURES = "features.csv"
ROWS = "rows.csv"


def write_tables(tables: Iterable[pd.DataFrame], path: Path, digits: int = 6) -> None:
    """Writes the parts of a table one after the other, numbers with so many significant digits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        for position, table in enumerate(tables):
            table.to_csv(
                stream, index=False, header=position == 0, float_format=f"%.{digits}g", lineterminator="\n"
            )


def read_features(folder: Path) -> pd.DataFrame:
    """The label and the features of a split, as numbers.

    Raises:
        JobError: the folder has no such table, or it is not one of numbers with a label.
    """
    table = _read(folder / FEATURES, dtype=np.float32)
    if LABEL not in table or len(table.columns) == 1:
        raise JobError(f"{FEATURES} in {folder} has no column {LABEL!r} with features beside it.")
    return table


def read_rows(folder: Path) -> pd.DataFrame:
    """The rows of a split as they came in, in the order of its features.

    Raises:
        JobError: the folder has no such table.
    """
    return _read(folder / ROWS, keep_default_na=False)


def read_flags(path: Path) -> pd.Series:
    """Which training rows are anomalies, in their order.

    Raises:
        JobError: there is no such file.
    """
    return _read(path)["anomaly"].astype(bool)


def both_classes(labels: "pd.Series[float]", where: str) -> None:
    """Makes sure that there is something to tell apart.

    Raises:
        JobError: all labels are the same.
    """
    if labels.nunique() < 2:  # noqa: PLR2004
        raise JobError(f"All {len(labels)} {where} have the same {LABEL}: both classes are needed.")


def empty(folder: Path, names: Sequence[str]) -> None:
    """Makes the folders, and removes what a former attempt left in them."""
    for name in names:
        rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True, exist_ok=True)


def _read(path: Path, **options: object) -> pd.DataFrame:
    if not path.is_file():
        raise JobError(f"{path.name} is not in {path.parent}: the step before has left none there.")
    try:
        return pd.read_csv(path, **options)
    except ValueError as error:
        raise JobError(f"{path.name} in {path.parent} is not such a table: {error}.") from error
