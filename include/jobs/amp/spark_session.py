"""Spark as every job on the lake wants it."""

from pyspark.sql import SparkSession

CONFIGURATION = {
    # A day is a day of UTC, wherever the job runs.
    "spark.sql.session.timeZone": "UTC",
    # The JVM never compiles larger methods: below that limit Spark splits what it generates.
    "spark.sql.codegen.hugeMethodLimit": "8000",
    # Objects are many and small: by default 32 make a task, however small they are.
    "spark.sql.files.openCostInBytes": str(256 * 1024),
    # Spark's own default is INT96, which other readers take for a time without a zone.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}


def session(name: str) -> SparkSession:
    """The session of this process, under the job's name."""
    builder = SparkSession.builder.appName(name)
    for key, value in CONFIGURATION.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()
