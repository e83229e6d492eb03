"""Writes the features, and the lines that are none."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from columns import FEATURES, LABEL
from objects import Location
from outputs import arranged, publish, staging


def write_features(features: DataFrame, rows: int, output: Location, kms_key: str | None) -> None:
    """Writes both splits as CSV and as Parquet, each format in one pass, in the order of the draw."""
    ready = arranged(features, rows, "split", "draw", LABEL, *FEATURES).drop("draw").persist()
    for form in ("csv", "parquet"):
        ready.write.partitionBy("split").mode("append").format(form).save(staging(output, form))
        publish(output, form, kms_key)


def write_rejected(rows: DataFrame, count: int, output: Location, kms_key: str | None) -> None:
    """Writes the rejected lines as JSON, if there are any."""
    if count:
        rejected = rows.where(sf.col("rejection").isNotNull()).select("rejection.*")
        ordered = arranged(rejected, count, "file", "line", "rule", "reason")
        ordered.write.mode("append").json(staging(output, "rejected"))
        publish(output, "rejected", kms_key)
