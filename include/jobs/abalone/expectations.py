"""Great Expectations over the features of a run and over its metrics.

Its import takes seconds: it happens in functions, the first time while Spark starts.
"""

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

import outputs
from columns import SPLITS
from failure import JobError
from objects import Location, LocationError

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when Great Expectations is imported

BATCHES = ("features", "intake")


def session() -> SparkSession:
    """Spark, whose JVM starts while Great Expectations is imported: each takes seconds."""
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(SparkSession.builder.appName("abalone: check features").getOrCreate)
        import great_expectations  # noqa: F401, PLC0415
    return starting.result()


def read_suites(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The expectations of each batch.

    Raises:
        JobError: the file is missing, is not JSON, or lacks a batch.
    """
    try:
        suites: dict[str, list[dict[str, Any]]] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise JobError(f"The suite {path.name!r} cannot be read: {error}.") from error
    if sorted(suites) != sorted(BATCHES):
        raise JobError(f"The suite {path.name!r} has {sorted(suites)}, it must have {sorted(BATCHES)}.")
    return suites


def read_metrics(path: Path) -> dict[str, float]:
    """The metrics of ``build_features.py``.

    Raises:
        JobError: the file is missing, is not JSON, or has no ``rows_in``.
    """
    try:
        metrics: dict[str, float] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise JobError(f"The metrics {path.name!r} cannot be read: {error}.") from error
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
        complete = outputs.is_complete(folder)
    except LocationError as error:
        raise JobError(str(error)) from error
    if not complete:
        raise JobError(
            f"The features at {folder} are not complete, {outputs.MARKER} is missing: "
            "build_features.py has not run there, or not to its end."
        )
    return [str(folder.child(f"parquet/{split}")) for split in SPLITS]


def validate(
    spark: SparkSession,
    features: Sequence[str],
    metrics: Mapping[str, float],
    suites: Mapping[str, list[dict[str, Any]]],
    parameters: Mapping[str, float],
) -> dict[str, Any]:
    """Great Expectations' result for each batch.

    Raises:
        JobError: there are no features to read.
    """
    import great_expectations as gx  # noqa: PLC0415  # see session()
    import pandas as pd  # noqa: PLC0415

    try:
        rows = spark.read.parquet(*features)
    except AnalysisException as error:
        raise JobError(f"There is no Parquet to read in {features}: {error.getCondition()}.") from error
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    sources = {
        "features": (context.data_sources.add_spark("features"), rows),
        "intake": (context.data_sources.add_pandas("intake"), pd.DataFrame([metrics], dtype=object)),
    }
    results = {}
    for name, (source, frame) in sources.items():
        batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("run")
        suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=suites[name]))
        results[name] = batch.get_batch(batch_parameters={"dataframe": frame}).validate(
            suite, result_format="SUMMARY", expectation_parameters=dict(parameters)
        )
    return results
