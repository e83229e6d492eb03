"""Puts each abalone on one side of the split, and makes numbers of it."""

from pyspark.ml import Pipeline
from pyspark.ml.feature import OneHotEncoder, StringIndexer, VectorAssembler
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from columns import FEATURES, LABEL, MEASURES, SEXES
from rows import SCHEMA

DRAWS = 1_000_000
"""Resolution of the train fraction."""


def with_split(rows: DataFrame, seed: int, train_fraction: float) -> DataFrame:
    """Adds ``draw``, a hash of the row's values and the seed, and ``split``, the side that puts it on.

    Unlike ``randomSplit`` the draw knows nothing of partitions, files or order, and two identical rows
    land on one side, so no validation row has been seen in training. The fraction is met on average.
    """
    to_train = sf.pmod("draw", sf.lit(DRAWS)) < round(train_fraction * DRAWS)
    side = sf.when(to_train, sf.lit("train")).otherwise("validation")
    drawn = rows.withColumn("draw", sf.xxhash64(sf.lit(seed), *SCHEMA.names))
    return drawn.withColumn("split", sf.when(sf.col("rejection").isNull(), side))


def encode(rows: DataFrame) -> DataFrame:
    """The label and FEATURES as numbers, beside ``split`` and ``draw``.

    The encoder is fitted to the domain of ``sex``, not to the day's rows: a day without infants has the
    same columns as any other, or its model and the champion could not be compared. ``dropLast`` is off:
    trees have no use for a reference category, and one column for each sex can be checked and read.
    ``handleInvalid`` is "error": other sexes have been rejected, so one here is a defect.
    """
    order, invalid = "alphabetAsc", "error"
    indexer = StringIndexer(
        inputCol="sex", outputCol="sex_index", stringOrderType=order, handleInvalid=invalid
    )
    encoder = OneHotEncoder(
        inputCol="sex_index", outputCol="sex_vector", dropLast=False, handleInvalid=invalid
    )
    assembler = VectorAssembler(
        inputCols=["sex_vector", *MEASURES], outputCol="vector", handleInvalid=invalid
    )
    domain = rows.sparkSession.range(1).select(sf.explode(sf.array(*map(sf.lit, SEXES))).alias("sex"))
    model = Pipeline(stages=[indexer, encoder, assembler]).fit(domain)
    vectors = model.transform(rows).withColumn("features", vector_to_array("vector"))
    features = [sf.col("features")[index].alias(name) for index, name in enumerate(FEATURES)]
    return vectors.select("split", "draw", LABEL, *features)
