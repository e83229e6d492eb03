"""Into how many partitions Spark sorts the rows of a window.

Spark would join small ones by itself, by their size in bytes, which is not the same each time; then the same
rows would end up in other files. And in a small window the number of tasks is what takes the time.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SHUFFLE_PARTITIONS = "spark.sql.shuffle.partitions"
JOINED_BY_SIZE = "spark.sql.adaptive.coalescePartitions.enabled"
EVENTS_PER_PARTITION = 100_000
"""Of the window; their partials are fewer rows."""


def fit_shuffles(spark: "SparkSession", events: int) -> None:
    """Makes the number of partitions what so many events are worth, at most what it was."""
    most = int(spark.conf.get(SHUFFLE_PARTITIONS) or 1)
    spark.conf.set(SHUFFLE_PARTITIONS, str(partitions(events, most)))
    spark.conf.set(JOINED_BY_SIZE, "false")


def partitions(events: int, most: int) -> int:
    """At least one, at most ``most``.

    >>> partitions(2_000, 64), partitions(1_000_000, 64), partitions(50_000_000, 64)
    (1, 10, 64)
    """
    return max(1, min(most, -(-events // EVENTS_PER_PARTITION)))
