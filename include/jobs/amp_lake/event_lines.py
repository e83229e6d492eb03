"""Reads the lines of arrived objects, and says of each that is no event by the contract why not.

A line is parsed once, as a VARIANT, which keeps the JSON type of every value: ``"5"`` is not the number 5.
"""

from collections.abc import Iterable

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from event_rules import broken_rule, is_usual, text_of, time_of, unknown_fields
from lake_layout import REJECTED
from objects import Location

KEPT_CHARACTERS = 10_000
"""A rejected line is kept up to here."""


def read_lines(spark: SparkSession, objects: Iterable[Location], max_late_days: int) -> DataFrame:
    """One row for each line of gzipped objects.

    Columns: ``table``, ``day``, ``event_id``, ``event_time``, ``path`` (the object), ``number`` (grows with
    the lines of an object), ``hour`` (of arrival), ``event_type``, ``event``; for a rejected line ``raw`` and
    ``reason``; ``extras``, the types of all its fields if it has unknown ones, and then ``raw`` too.
    """
    lines = spark.read.text([str(each) for each in objects]).select(
        "value",
        sf.col("_metadata.file_path").alias("path"),
        # Gzip is read from its beginning by one task, so an object's lines are numbered one after the other.
        sf.monotonically_increasing_id().alias("number"),
    )
    parsed = lines.select(
        "*", sf.try_parse_json(sf.concat(sf.lit("["), "value", sf.lit("]"))).alias("values")
    )
    # Inside of brackets, what stands behind an object on its line is an error or a second value.
    first = sf.when(
        sf.ltrim("value").startswith("{") & sf.try_variant_get("values", "$[1]", "variant").isNull(),
        sf.try_variant_get("values", "$[0]", "variant"),
    )
    hour = sf.to_timestamp(sf.regexp_extract("path", r"/(\d{4}/\d\d/\d\d/\d\d)/[^/]+$", 1), "yyyy/MM/dd/HH")
    events = parsed.select("path", "number", "value", first.alias("event"), hour.alias("hour"))
    # In columns of their own: an expression that stands in several places is evaluated in each of them.
    known = events.select(
        "*",
        *(text_of(name).alias(name) for name in ("event_type", "event_id")),
        sf.schema_of_variant("event").alias("types"),
    )
    known = known.select("*", time_of("event_time").alias("event_time"), is_usual().alias("usual"))
    known = known.select("*", unknown_fields().alias("unknown"))
    extras = sf.when(sf.size("unknown") > 0, sf.col("types"))
    return _arranged(known.select("*", extras.alias("extras"), broken_rule(max_late_days).alias("reason")))


def _arranged(judged: DataFrame) -> DataFrame:
    rejected = sf.col("reason").isNotNull()
    kept = sf.when(rejected | sf.col("extras").isNotNull(), sf.substring("value", 1, KEPT_CHARACTERS))
    return judged.select(
        sf.when(rejected, sf.lit(REJECTED)).otherwise(sf.col("event_type")).alias("table"),
        sf.date_format(sf.when(rejected, sf.col("hour")).otherwise(sf.col("event_time")), "yyyy-MM-dd").alias(
            "day"
        ),
        *("event_id", "event_time", "path", "number", "hour", "event_type", "extras", "reason"),
        sf.when(~rejected, sf.col("event")).alias("event"),
        kept.alias("raw"),
    )
