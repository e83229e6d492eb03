"""Into how many partitions Spark sorts the rows of a window.

It joins small ones by itself, but not those of rows that are kept: each of them is a task in whatever is made
of these rows, and in a small window the tasks are what takes the time.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SHUFFLE_PARTITIONS = "spark.sql.shuffle.partitions"
EVENTS_PER_PARTITION = 100_000
"""Of the window; their partials are fewer rows."""


def fit_shuffles(spark: "SparkSession", events: int) -> None:
    """Lowers the number of partitions to what so many events are worth."""
    most = int(spark.conf.get(SHUFFLE_PARTITIONS) or 1)
    spark.conf.set(SHUFFLE_PARTITIONS, str(partitions(events, most)))


def partitions(events: int, most: int) -> int:
    """At least one, at most ``most``.

    >>> partitions(2_000, 64), partitions(1_000_000, 64), partitions(50_000_000, 64)
    (1, 10, 64)
    """
    return max(1, min(most, -(-events // EVENTS_PER_PARTITION)))
