"""Great Expectations over data frames.

Its import takes seconds: it happens in functions, the first time while Spark starts.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from failure import JobError
from quality_page import page
from quality_report import report

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when Great Expectations is imported

Suite = Sequence[Mapping[str, Any]]
"""Expectations in Great Expectations' own format."""
COUNTS: Mapping[str, Any] = {"result_format": "SUMMARY", "partial_unexpected_count": 0}
EXAMPLES: Mapping[str, Any] = {"result_format": "SUMMARY"}
"""Counts of all expectations of a table are one pass over its rows, examples are one for each expectation."""


def started(session: Callable[[], SparkSession]) -> SparkSession:
    """Spark, whose JVM starts while Great Expectations is imported: each takes seconds."""
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(session)
        import great_expectations  # noqa: F401, PLC0415
    return starting.result()


def read_document(path: Path, what: str) -> dict[str, Any]:
    """A JSON file.

    Raises:
        JobError: the file is missing or is not JSON.
    """
    try:
        document: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise JobError(f"The {what} {path.name!r} cannot be read: {error}.") from error
    return document


def validate(
    batches: Mapping[str, tuple[DataFrame | Mapping[str, float], Suite]], parameters: Mapping[str, float]
) -> dict[str, Any]:
    """Great Expectations' result for each batch.

    Args:
        batches: name -> what is judged and by which expectations: rows of Spark, or numbers, which are
            taken as a table of one row.
        parameters: what ``{"$PARAMETER": name}`` stands for in the expectations.
    """
    import great_expectations as gx  # noqa: PLC0415  # see started()
    import pandas as pd  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    results = {}
    for name, (rows, expectations) in batches.items():
        if isinstance(rows, Mapping):
            source, frame = context.data_sources.add_pandas(name), pd.DataFrame([rows], dtype=object)
        else:
            source, frame = context.data_sources.add_spark(name), rows
        whole = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("run")
        batch = whole.get_batch(batch_parameters={"dataframe": frame})
        suite = gx.ExpectationSuite(name=name, expectations=list(expectations))
        found = batch.validate(suite, result_format=COUNTS, expectation_parameters=dict(parameters))
        if unexpected := [_asked(each) for each in found.results if each.result.get("unexpected_count")]:
            suite = gx.ExpectationSuite(name=f"{name}: examples", expectations=unexpected)
            shown = batch.validate(suite, result_format=EXAMPLES).results
            found.results = [_same(each, shown) for each in found.results]
        results[name] = found
    return results


def _asked(result: Any) -> dict[str, Any]:
    """An expectation as it was judged, its parameters filled in."""
    config = result.expectation_config.to_json_dict()
    kwargs = {name: value for name, value in config["kwargs"].items() if name != "batch_id"}
    return {"type": config["type"], "kwargs": kwargs, "meta": config.get("meta") or {}}


def _same(result: Any, others: Sequence[Any]) -> Any:
    """The one of the others about the same expectation; itself where there is none."""
    return next((other for other in others if _asked(other) == _asked(result)), result)


def write_results(
    results: Mapping[str, Any], output: Path, further: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Writes ``report.json``, ``results.json`` and ``data_docs/index.html``, and prints what was not met.

    ``further`` are entries of the report that no expectation of the library can put into words.
    """
    (output / "data_docs").mkdir(parents=True, exist_ok=True)
    verdict = report(results)
    verdict["expectations"] += further
    verdict["success"] = all(item["success"] for item in verdict["expectations"])
    _write(output / "report.json", verdict)
    _write(output / "results.json", {name: result.to_json_dict() for name, result in results.items()})
    (output / "data_docs" / "index.html").write_text(page(results, verdict))
    failed = [item["sentence"] for item in verdict["expectations"] if not item["success"]]
    print(f"{len(verdict['expectations'])} expectations, {len(failed)} not met", *failed, sep="\n")


def _write(path: Path, content: object) -> None:
    # What JSON has no word for, such as a date, as text.
    path.write_text(json.dumps(content, indent=2, default=str) + "\n")
