"""What is judged: the features of a run and its metrics."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

import completion
from columns import SPLITS
from failure import JobError
from objects import Location, LocationError
from validation import read_document

BATCHES = ("features", "intake")


def session() -> SparkSession:
    """Spark."""
    return SparkSession.builder.appName("abalone: check features").getOrCreate()


def read_suites(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The expectations of each batch.

    Raises:
        JobError: the file is missing, is not JSON, or lacks a batch.
    """
    suites = read_document(path, "suite")
    if sorted(suites) != sorted(BATCHES):
        raise JobError(f"The suite {path.name!r} has {sorted(suites)}, it must have {sorted(BATCHES)}.")
    return suites


def read_metrics(path: Path) -> Mapping[str, float]:
    """The metrics of ``build_features.py``.

    Raises:
        JobError: the file is missing, is not JSON, or has no ``rows_in``.
    """
    metrics = read_document(path, "metrics")
    if "rows_in" not in metrics:
        raise JobError(f"The metrics {path.name!r} have no 'rows_in': give those of build_features.py.")
    return metrics


def features_at(uri: str) -> list[str]:
    """Where the Parquet of each split is.

    Raises:
        JobError: the URI is none, or its features are not complete.
    """
    try:
        folder = Location.parse(uri)
        complete = completion.is_complete(folder)
    except LocationError as error:
        raise JobError(str(error)) from error
    if not complete:
        raise JobError(
            f"The features at {folder} are not complete, {completion.MARKER} is missing: "
            "build_features.py has not run there, or not to its end."
        )
    return [str(folder.child(f"parquet/{split}")) for split in SPLITS]


def read_features(spark: SparkSession, features: Sequence[str]) -> DataFrame:
    """The rows of all splits.

    Raises:
        JobError: there are no features to read.
    """
    try:
        return spark.read.parquet(*features)
    except AnalysisException as error:
        raise JobError(f"There is no Parquet to read in {features}: {error.getCondition()}.") from error
