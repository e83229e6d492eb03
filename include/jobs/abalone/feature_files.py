"""Writes the features, and the lines that are none."""

from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from columns import FEATURES, LABEL, SPLITS
from spark_files import arranged, spark_path, tidy


def write_features(features: DataFrame, rows: int, output: Path) -> None:
    """Writes both splits as CSV and as Parquet, each format in one pass, in the order of the draw."""
    ready = arranged(features, rows, "split", "draw", LABEL, *FEATURES).drop("draw").persist()
    for form in ("csv", "parquet"):
        folder = output / form
        ready.write.partitionBy("split").mode("append").format(form).save(spark_path(folder))
        for split in SPLITS:
            (folder / f"split={split}").rename(folder / split)
            tidy(folder / split)
        tidy(folder)


def write_rejected(rows: DataFrame, count: int, folder: Path) -> None:
    """Writes the rejected lines as JSON, if there are any."""
    if count:
        rejected = rows.where(sf.col("rejection").isNotNull()).select("rejection.*")
        ordered = arranged(rejected, count, "file", "line", "rule", "reason")
        ordered.write.mode("append").json(spark_path(folder))
        tidy(folder)
