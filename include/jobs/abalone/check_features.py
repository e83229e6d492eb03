"""Judges the features of a run with Great Expectations, on Spark.

The suite file holds two lists of expectations in Great Expectations' own format: ``features`` is about
the rows of ``build_features.py`` (training and validation together), ``intake`` about its metrics, taken
as a table of one row. Bounds that belong to the run are parameters: ``{"$PARAMETER": "min_rows"}``,
``max_rejected_fraction`` and ``rows_in``.

Output, under ``--output``:

- ``report.json``: whether all is well, and for each expectation its bound, what was observed, a sentence
- ``results.json``: Great Expectations' own results
- ``data_docs/index.html``: the same for people, one page that needs nothing from the network

Expectations that are not met are a result, not an error: the exit code is 0 and the pipeline's gate decides.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when Great Expectations is imported

SPLITS = ("train", "validation")
BATCHES = ("features", "intake")
EXAMPLES = 3
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #212529; max-width: 70rem; margin: auto; padding: 1rem }
.fas { font-style: normal; font-weight: bold } .fa-check-circle::before { content: "\\2713" }
.fa-times::before { content: "\\2717" } .fa-exclamation-triangle::before { content: "!" }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 }
th, td { border: 1px solid #dee2e6; padding: .3rem .6rem; text-align: left; vertical-align: top }
ul, ol { list-style: none; padding-left: .5rem }
.badge { border-radius: .25rem; padding: .1rem .4rem } .badge-secondary { background: #e2e3e5 }
.text-success { color: #1b7f3b } .text-danger { color: #b02a37 }
.alert { background: #f8f9fa; padding: .5rem 1rem }
.sticky-top, .card.mb-3, .modal, .collapse, .ge-breadcrumbs, footer, button, a[data-toggle] { display: none }
"""
"""What stands in for the style sheets of Great Expectations' page."""
ONLINE = re.compile(
    r"""<script[^>]*\bsrc="https?:[^>]*>\s*</script>|<(link|img)\b[^>]*\b(href|src)="(https?:|\.\./)[^>]*>"""
    r"""|url\('https?:[^)]*\)|href="\.\./[^"]*\""""
)
"""What a page of Great Expectations would fetch from other hosts, or find beside it in its own site."""


class CheckError(Exception):
    """The features cannot be judged. The message is one sentence for the user."""


# --- validation ----------------------------------------------------------------------------------------


def read_suites(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The expectations of each batch.

    Raises:
        CheckError: the file is missing, is not JSON, or lacks a batch.
    """
    try:
        suites: dict[str, list[dict[str, Any]]] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CheckError(f"The suite {path.name!r} cannot be read: {error}.") from error
    if sorted(suites) != sorted(BATCHES):
        raise CheckError(f"The suite {path.name!r} has {sorted(suites)}, it must have {sorted(BATCHES)}.")
    return suites


def read_metrics(path: Path) -> dict[str, float]:
    """The metrics of ``build_features.py``.

    Raises:
        CheckError: the file is missing, is not JSON, or has no ``rows_in``.
    """
    try:
        metrics: dict[str, float] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CheckError(f"The metrics {path.name!r} cannot be read: {error}.") from error
    if "rows_in" not in metrics:
        raise CheckError(f"The metrics {path.name!r} have no 'rows_in': give those of build_features.py.")
    return metrics


def validate(
    spark: SparkSession,
    features: Path,
    metrics: Mapping[str, float],
    suites: Mapping[str, list[dict[str, Any]]],
    parameters: Mapping[str, float],
) -> dict[str, Any]:
    """Great Expectations' result for each batch.

    Raises:
        CheckError: there are no features to read.
    """
    import great_expectations as gx  # noqa: PLC0415  # see session()
    import pandas as pd  # noqa: PLC0415

    paths = [f"file://{(features / split).resolve()}" for split in SPLITS]
    try:
        rows = spark.read.parquet(*paths)
    except AnalysisException as error:
        raise CheckError(f"There is no Parquet to read in {paths}: {error.getCondition()}.") from error
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


# --- report --------------------------------------------------------------------------------------------


def report(results: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict, and one entry for each expectation in the order of the suite."""
    entries = [entry(result.to_json_dict()) for batch in results.values() for result in batch.results]
    return {"success": all(item["success"] for item in entries), "expectations": entries}


def entry(result: Mapping[str, Any]) -> dict[str, Any]:
    """One expectation: what it is about, what it asks, what it found."""
    config = result["expectation_config"]
    kwargs = {key: value for key, value in config["kwargs"].items() if key != "batch_id"}
    column = subject(kwargs)
    found, asked = observed(result), bound(config["type"], kwargs)
    return {
        "expectation": config["type"],
        "column": column,
        "observed": found,
        "bound": asked,
        "success": bool(result["success"]),
        "sentence": f"{column or 'table'}: {found}, expected {asked}",
    }


def subject(kwargs: Mapping[str, Any]) -> str | None:
    """The column or columns that an expectation is about; None for the table as a whole."""
    if "column_A" in kwargs:
        return f"{kwargs['column_A']}, {kwargs['column_B']}"
    if "sum_total" in kwargs:
        return ", ".join(kwargs["column_list"])
    column = kwargs.get("column")
    return None if column is None else str(column)


def bound(expectation: str, kwargs: Mapping[str, Any]) -> str:
    """What an expectation asks for, as people write it: ``0 < value <= 1``."""
    if {"min_value", "max_value"} & kwargs.keys():
        asked = _range(expectation, kwargs)
    elif "column_A" in kwargs:
        asked = f"{kwargs['column_A']} {'>=' if kwargs.get('or_equal') else '>'} {kwargs['column_B']}"
    elif "sum_total" in kwargs:
        asked = f"{' + '.join(kwargs['column_list'])} = {kwargs['sum_total']:g}"
    elif "value_set" in kwargs:
        asked = f"one of {', '.join(map(_short, kwargs['value_set']))}"
    elif "column_list" in kwargs:
        asked = f"the columns {', '.join(kwargs['column_list'])}"
    elif expectation == "expect_column_values_to_not_be_null":
        asked = "no nulls"
    else:
        asked = f"{expectation} {json.dumps(kwargs)}"
    return f"{asked} in at least {kwargs['mostly']:.4g} of the rows" if "mostly" in kwargs else asked


def _range(expectation: str, kwargs: Mapping[str, Any]) -> str:
    name = next(
        (word for word in ("count", "mean", "median", "sum") if f"_{word}_to" in expectation), "value"
    )
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    left = "" if low is None else f"{_short(low)} {'<' if kwargs.get('strict_min') else '<='} "
    right = "" if high is None else f" {'<' if kwargs.get('strict_max') else '<='} {_short(high)}"
    return f"{left}{name}{right}"


def observed(result: Mapping[str, Any]) -> str:
    """What an expectation found: a value, the rows that break it, or why it could not be evaluated."""
    details = result["result"]
    if "observed_value" in details:
        value = details["observed_value"]
        return ", ".join(map(_short, value)) if isinstance(value, list) else _short(value)
    if "unexpected_count" in details:
        count, total = details["unexpected_count"], details["element_count"]
        examples = [
            _short(value)
            for value in details.get("partial_unexpected_list", [])[:EXAMPLES]
            if value is not None
        ]
        return f"{count} of {total} rows outside" + (f", such as {', '.join(examples)}" if examples else "")
    return f"not evaluated ({_exception(result['exception_info'])})"


def _exception(info: Mapping[str, Any]) -> str:
    """The first message; Great Expectations nests them by metric where several were computed."""
    if message := info.get("exception_message"):
        return str(message).splitlines()[0]
    nested = (value for value in info.values() if isinstance(value, Mapping))
    return next(map(_exception, nested), "no reason given")


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return " + ".join(f"{key} {_short(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return " / ".join(map(_short, value))
    return str(value)


# --- page ----------------------------------------------------------------------------------------------


def page(results: Mapping[str, Any], verdict: Mapping[str, Any]) -> str:
    """Great Expectations' page of results, both batches on it, made to stand alone.

    Its own site links a dozen files on other hosts and one page to the next, which a browser that opens
    one object of a private bucket cannot follow.
    """
    from great_expectations.render.renderer.page_renderer import (  # noqa: PLC0415
        ValidationResultsPageRenderer,
    )
    from great_expectations.render.view import DefaultJinjaPageView  # noqa: PLC0415

    renderer = ValidationResultsPageRenderer()
    document, intake = (renderer.render(results[name]) for name in BATCHES)
    document.sections += intake.sections[1:]  # its overview is in the summary
    html = ONLINE.sub("", str(DefaultJinjaPageView().render(document)))
    html = html.replace("</head>", f"<style>{STYLE}</style></head>", 1)
    return re.sub(r"<body[^>]*>", lambda body: body[0] + summary(verdict), html, count=1)


def summary(verdict: Mapping[str, Any]) -> str:
    """HTML that says first what was not met, over both batches."""
    failed = [escape(item["sentence"]) for item in verdict["expectations"] if not item["success"]]
    items = "".join(f'<li class="text-danger">{sentence}</li>' for sentence in failed)
    return f"<h1>{len(failed)} of {len(verdict['expectations'])} expectations not met</h1><ul>{items}</ul>"


# --- the job -------------------------------------------------------------------------------------------


def write_json(path: Path, content: object) -> None:
    """Writes indented JSON; what JSON has no word for, such as a date, as text."""
    path.write_text(json.dumps(content, indent=2, default=str) + "\n")


def report_failure(sentence: str) -> None:
    """Leaves the sentence where SageMaker Processing looks for the job's exit message."""
    path = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "output" / "message"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sentence)
    print(f"ERROR: {sentence}", file=sys.stderr)


def session() -> SparkSession:
    """Spark, whose JVM starts while Great Expectations is imported: each takes seconds."""
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(SparkSession.builder.appName("abalone: check features").getOrCreate)
        import great_expectations  # noqa: F401, PLC0415
    return starting.result()


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Great Expectations on the abalone features.")
    parser.add_argument(
        "--input", type=Path, required=True, help="folder with Parquet in train/ and validation/"
    )
    parser.add_argument("--suite", type=Path, required=True, help="JSON file of expectations")
    parser.add_argument("--metrics", type=Path, required=True, help="metrics.json of build_features.py")
    parser.add_argument("--output", type=Path, required=True, help="folder for the report")
    parser.add_argument("--min-rows", type=int, default=1, help="fewest rows, both splits together")
    parser.add_argument(
        "--max-rejected-fraction", type=float, default=0.0, help="largest share of rejected rows"
    )
    args = parser.parse_args(argv)
    try:
        suites = read_suites(args.suite)
        metrics = read_metrics(args.metrics)
        parameters = {
            "min_rows": args.min_rows,
            "max_rejected_fraction": args.max_rejected_fraction,
            "rows_in": metrics["rows_in"],
        }
        results = validate(session(), args.input, metrics, suites, parameters)
    except CheckError as error:
        report_failure(str(error))
        return 1
    write_results(results, args.output)
    return 0


def write_results(results: Mapping[str, Any], output: Path) -> None:
    """Writes the three outputs, and prints what was not met."""
    (output / "data_docs").mkdir(parents=True, exist_ok=True)
    verdict = report(results)
    write_json(output / "report.json", verdict)
    write_json(output / "results.json", {name: result.to_json_dict() for name, result in results.items()})
    (output / "data_docs" / "index.html").write_text(page(results, verdict))
    failed = [item["sentence"] for item in verdict["expectations"] if not item["success"]]
    print(f"{len(verdict['expectations'])} expectations, {len(failed)} not met", *failed, sep="\n")


if __name__ == "__main__":
    sys.exit(main())
