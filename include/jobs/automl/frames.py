"""Tables as pandas holds them: features as pandas infers them, labels clean."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from failure import JobError
from headers import MISSING, Header


def read_table(path: Path, text: Collection[str] = ()) -> pd.DataFrame:
    """A CSV file; names of columns without the blanks around them, and no column without a name.

    Args:
        path: of the file.
        text: columns that are text, even if all of their values look like numbers.

    Raises:
        JobError: the file has no header, is not UTF-8, or pandas cannot read it.
    """
    header = Header.of(path)
    # Nameless columns get names that no file has.
    names = [name or f"\0{number}" for number, name in enumerate(header.names)]
    try:
        frame = pd.read_csv(
            path,
            header=0,
            names=names,
            index_col=False,
            dtype={name: str for name in text if name in names},
            na_values=list(MISSING),
            keep_default_na=False,
            encoding="utf-8-sig",
            low_memory=False,
        )
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise JobError(f"{path.name} is not CSV in UTF-8: {error}.") from error
    return frame[[name for name in names if not name.startswith("\0")]]


def text_columns(frame: pd.DataFrame) -> list[str]:
    """Columns whose values are text."""
    objects = frame.select_dtypes("object")
    return [str(name) for name in objects if isinstance(next(iter(objects[name].dropna()), None), str)]


def number_columns(frame: pd.DataFrame) -> list[str]:
    """Columns whose values are numbers."""
    return [str(name) for name in frame.select_dtypes("number")]


def without_empty(frame: pd.DataFrame, target: str) -> tuple[pd.DataFrame, list[str]]:
    """The columns that have a value, and the names of the others."""
    empty = [str(name) for name in frame if name != target and frame[name].isna().all()]
    return frame.drop(columns=empty), empty


def clean_labels(written: pd.Series) -> pd.Series:
    """Labels as text without the blanks around them, missing where nothing is left.

    Labels that differ only in such blanks are one class.
    """
    labels = written.astype("object").str.strip()
    return labels.mask(labels.isin(MISSING))


def as_numbers(labels: pd.Series) -> pd.Series | None:
    """Labels as numbers if each that is there is one, else None."""
    numbers = pd.to_numeric(labels, errors="coerce")
    return None if (numbers.isna() & labels.notna()).any() else numbers


def training_rows(path: Path, target: str) -> tuple[pd.DataFrame, list[str]]:
    """The labelled rows of the training file, and the columns that were dropped as they have no value.

    Raises:
        JobError: the file cannot be read, has no such column, or a label is no finite number.
    """
    frame, empty = without_empty(read_table(path, [target]), target)
    if target not in frame:
        raise JobError(f"{path.name} has no column {target!r} to learn.")
    labels = clean_labels(frame[target])
    numbers = as_numbers(labels)
    _check_finite(numbers, path.name, target)
    frame[target] = labels if numbers is None else numbers
    labelled = frame[frame[target].notna()].reset_index(drop=True)
    return _with_floats(labelled, target), empty


def _with_floats(frame: pd.DataFrame, target: str) -> pd.DataFrame:
    """Features that are whole numbers as floats.

    AutoGluon would take a missing value of such a column, where training has none, for 0.
    """
    whole = frame.columns.difference([target]).intersection(frame.select_dtypes("integer").columns)
    return frame.astype(dict.fromkeys(whole, float))


def rows_to_predict(path: Path, train: pd.DataFrame, target: str) -> pd.DataFrame:
    """All rows of the test file with the features of ``train``, and the target where the file has it.

    What is no number in a column of numbers is missing.

    Raises:
        JobError: the file cannot be read, lacks a feature, has labels of another kind than ``train``, or a
            label is no finite number.
    """
    features = [str(name) for name in train if name != target]
    frame = read_table(path, [*text_columns(train[features]), target])
    if lacking := [name for name in features if name not in frame]:
        raise JobError(f"{path.name} lacks {lacking[0]!r}, which the training file has.")
    rows = frame[features].copy()
    _make_numbers(rows, number_columns(train[features]), path.name)
    if target in frame:
        labels = clean_labels(frame[target])
        rows[target] = labels if train[target].dtype == object else _numbers(labels, path.name, target)
    return rows


def _make_numbers(frame: pd.DataFrame, names: Sequence[str], file: str) -> None:
    for name in names:
        if frame[name].dtype == object:
            numbers = pd.to_numeric(frame[name], errors="coerce")
            lost = int((numbers.isna() & frame[name].notna()).sum())
            print(f"{file}: {lost:,} values of {name!r} are no numbers, as they are in training: missing.")
            frame[name] = numbers


def _numbers(labels: pd.Series, file: str, target: str) -> pd.Series:
    numbers = as_numbers(labels)
    if numbers is None:
        wrong = labels[pd.to_numeric(labels, errors="coerce").isna() & labels.notna()].iloc[0]
        raise JobError(f"{file} has {wrong!r} in {target!r}, whose values are numbers in the training file.")
    _check_finite(numbers, file, target)
    return numbers


def _check_finite(numbers: pd.Series | None, file: str, target: str) -> None:
    if numbers is not None and np.isinf(numbers).any():
        raise JobError(f"{file} has an infinite number in {target!r}: only finite ones can be told apart.")
