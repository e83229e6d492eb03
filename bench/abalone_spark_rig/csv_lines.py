"""The step as the article on Spark in SageMaker Processing describes it, written from that description.

Sex is indexed, one-hot encoded and put into a vector with the measures; rows are split at random; an RDD
turns each row into a line, which ``saveAsTextFile`` writes. Nothing is checked, and nothing kept in memory
between the two splits.

``csv_lines.py INPUT OUTPUT``, both S3 URIs.
"""

import sys

from pyspark.ml import Pipeline
from pyspark.ml.feature import OneHotEncoder, StringIndexer, VectorAssembler
from pyspark.sql import Row, SparkSession

MEASURES = [
    "length",
    "diameter",
    "height",
    "whole_weight",
    "shucked_weight",
    "viscera_weight",
    "shell_weight",
]
SCHEMA = ", ".join(["sex STRING", *(f"{name} DOUBLE" for name in MEASURES), "rings DOUBLE"])


def line(row: Row) -> str:
    """The label, then the features."""
    return ",".join(map(str, [row.rings, *row.features]))


def main(source: str, output: str) -> None:
    """Reads ``source``, writes ``output/train`` and ``output/validation``."""
    spark = SparkSession.builder.appName("abalone: CSV lines").getOrCreate()
    rows = spark.read.csv(source, schema=SCHEMA, header=False)
    encoding = Pipeline(
        stages=[
            StringIndexer(inputCol="sex", outputCol="sex_index"),
            OneHotEncoder(inputCol="sex_index", outputCol="sex_vector"),
            VectorAssembler(inputCols=["sex_vector", *MEASURES], outputCol="features"),
        ]
    )
    encoded = encoding.fit(rows).transform(rows)
    for name, part in zip(("train", "validation"), encoded.randomSplit([0.8, 0.2]), strict=True):
        part.rdd.map(line).saveAsTextFile(f"{output}/{name}")


if __name__ == "__main__":
    main(*sys.argv[1:])
