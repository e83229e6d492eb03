"""Which rows a list of values, or a threshold, chooses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from csv_columns import Column, Number, canonical
from failure import JobError
from listed import listed

Asked: TypeAlias = Number | Sequence[str | Number]
"""A bare number is a threshold; a list holds values, or one number that may be a threshold."""

CONTINUOUS_SHARE = 0.05
"""Of a column of whole numbers: from this share of distinct values on, Clarify takes it for continuous."""
BINARY = 2


@dataclass(frozen=True)
class Choice:
    """``codes`` of shape (values of the column,): whether each is chosen; ``text`` says it as Clarify does.

    ``threshold`` is the lower bound, itself not chosen, where it is one.
    """

    codes: NDArray[np.bool_]
    text: str
    threshold: float | None = None


def choose(column: Column, asked: Asked, role: str) -> Choice:
    """The values of the column that are asked for, or all over a threshold.

    Texts are compared as numbers where both are some, so ``1`` is ``1.0``.

    Raises:
        JobError: no row has the value, no row or every row is over the threshold.
    """
    if isinstance(asked, int | float):
        return _over(column, float(asked), role)
    if len(asked) == 1 and isinstance(asked[0], int | float) and is_continuous(column):
        return _over(column, float(asked[0]), role)
    values = [canonical(value) for value in column.values]
    wanted = {canonical(value) for value in asked}
    for value in asked:
        if canonical(value) not in values:
            raise JobError(
                f"The {role} {column.name!r} has the value {str(value)!r} in no row; "
                f"it has {listed(column.values)}."
            )
    codes = np.array([value in wanted for value in values], np.bool_)
    return Choice(codes, ",".join(map(str, asked)))


def is_continuous(column: Column) -> bool:
    """Whether the distinct values are measurements rather than categories, told as Clarify tells it.

    They are if they are numbers with fractions, or whole numbers of which there are many: at least one in
    twenty rows has another. Two values are never continuous, however few the rows.

    https://github.com/aws/amazon-sagemaker-clarify (``series_datatype``)
    """
    numbers = as_numbers(column)
    if numbers is None or len(column.values) <= BINARY:
        return False
    present = int(np.count_nonzero(column.codes >= 0))
    return bool(np.any(numbers % 1)) or len(column.values) >= CONTINUOUS_SHARE * present


def as_numbers(column: Column) -> NDArray[np.float64] | None:
    """The distinct values as finite numbers, shape (values,); None where one of them is no such number."""
    try:
        numbers = np.array([float(value) for value in column.values])
    except ValueError:
        return None
    return numbers if np.all(np.isfinite(numbers)) else None


def _over(column: Column, threshold: float, role: str) -> Choice:
    numbers = as_numbers(column)
    if numbers is None:
        raise JobError(
            f"The {role} {column.name!r} is no column of numbers, so {threshold:g} is no threshold for it; "
            f"it has {listed(column.values)}."
        )
    codes = numbers > threshold
    if not codes.any() or codes.all():
        which = "Every" if codes.all() else "No"
        raise JobError(
            f"{which} row has a {role} {column.name!r} over the threshold {threshold:g}: its values are "
            f"{numbers.min():g} to {numbers.max():g}."
        )
    return Choice(codes, f"({threshold!r}, {float(numbers.max())!r}]", threshold)
