"""Sums that fade by half every HALF_LIFE_DAYS, the same in whatever order they are added up.

A day's weight is a whole number of 2^-48, in two parts of 24 bits each: integers times either of them add up
to an integer, and only the two sums become real numbers. A weight is wrong by 3.3e-14 of itself at most.
"""

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf

from windows import HALF_LIFE_DAYS, WINDOW_DAYS

PART = 2**24
AGE = "age"
SUMS = ("faded_high", "faded_low")


def with_age(rows: DataFrame, version: date) -> DataFrame:
    """Adds the age of each row's day: the youngest of the window has 0."""
    last = sf.lit(version - timedelta(1))
    return rows.withColumn(AGE, sf.datediff(last, sf.col("day")))


def weights() -> list[tuple[int, int]]:
    """High and low part of a day's weight, by its age."""
    return [divmod(round(PART**2 * 2 ** (-age / HALF_LIFE_DAYS)), PART) for age in range(WINDOW_DAYS)]


def fading(column: str) -> list[Column]:
    """What an integer column of rows with an age adds to the sums, as the columns SUMS."""
    high, low = zip(*weights(), strict=True)
    return [
        (sf.col(column) * _by_age(part)).alias(name) for name, part in zip(SUMS, (high, low), strict=True)
    ]


def faded(high: Column, low: Column) -> Column:
    """The faded total of these two sums, in the unit of what was added up."""
    return high / sf.lit(float(PART)) + low / sf.lit(float(PART**2))


def _by_age(weights: tuple[int, ...]) -> Column:
    return sf.array(*(sf.lit(weight).cast("bigint") for weight in weights))[sf.col(AGE)]
