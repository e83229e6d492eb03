"""`millrace bias`: the bias of a CSV file, by the metrics of SageMaker Clarify."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from include.bias import BiasAnalysis, measured_groups
from include.bundles import Bundle
from local.aws.runtime.images import ImageBuildFailed, ImageStore
from local.cli.console import output, steps
from local.stack.config import StackConfig
from local.stack.errors import MillraceError

IMAGE = "sklearn"
FORM = re.compile(r"(?P<column>[^=>]+)(?:(?P<sign>[=>])(?P<value>.*))?")

Csv = Annotated[
    Path, typer.Argument(metavar="CSV", exists=True, help="A file with a header, or a folder of some.")
]
Label = Annotated[
    str,
    typer.Option(
        metavar="COLUMN=VALUE",
        help="The label, and its value that is an advantage: 'income=>50K'; or a threshold: 'rings>9'.",
    ),
]
Facets = Annotated[
    list[str],
    typer.Option(
        "--facet",
        metavar="COLUMN=VALUE",
        help="The group that is asked about: 'sex=Female', 'age>40'; 'race' for each of its values.",
    ),
]
Predicted = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Predicted labels, or scores from 0 to 1.")
]
Group = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Whose values CDDL and CDDPL compare within.")
]
Columns = Annotated[
    str | None, typer.Option(metavar="A,B,C", help="The names of the columns, where the file has no header.")
]
Json = Annotated[
    Path | None,
    typer.Option("--json", metavar="FILE", dir_okay=False, help="Write Clarify's analysis.json there."),
]


def bias(  # noqa: PLR0917  # the command line names each of them
    csv: Csv,
    label: Label,
    facets: Facets,
    predicted: Predicted = None,
    group: Group = None,
    columns: Columns = None,
    file: Json = None,
) -> None:
    """Bias of the labels in a CSV file, and of predictions for them.

    The same script as in pipelines measures, in the environment of its image, which is installed once.
    """
    asked = [_asked(text, "--facet") for text in facets]
    column, positive = _asked(label, "--label")
    if positive is None:
        raise MillraceError(f"--label is {label!r}, it must be COLUMN=VALUE or COLUMN>NUMBER.")
    if twice := sorted({name for name, _ in asked if [each for each, _ in asked].count(name) > 1}):
        raise MillraceError(f"--facet names {twice[0]!r} twice.")
    analysis = BiasAnalysis(
        data=str(csv),
        output="",
        label=column,
        positive=positive,
        facets=dict(asked),
        headers=[name.strip() for name in columns.split(",")] if columns else (),
        predicted_label=predicted,
        group_variable=group,
    )
    with tempfile.TemporaryDirectory(prefix="millrace-bias-") as scratch:
        found = _measure(analysis, csv, Path(scratch))
        document = json.loads(found.read_text(encoding="utf-8"))
        if file:
            _copy(found, file)
    for table in _tables(document):
        output.print(table)


def _asked(text: str, option: str) -> tuple[str, Sequence[str] | float | None]:
    """A column, and a value, a threshold or nothing."""
    match = FORM.fullmatch(text)
    if match is None or not match["column"].strip() or (match["sign"] and not match["value"].strip()):
        raise MillraceError(f"{option} is {text!r}, it must be COLUMN=VALUE or COLUMN>NUMBER.")
    column, value = match["column"].strip(), match["value"]
    if match["sign"] != ">":
        return column, [value.strip()] if value else None
    try:
        return column, float(value)
    except ValueError:
        raise MillraceError(
            f"{option} is {text!r}: {value.strip()!r} is no number for a threshold."
        ) from None


def _measure(analysis: BiasAnalysis, data: Path, scratch: Path) -> Path:
    """Runs the job's script in its image; where it has left ``analysis.json``."""
    Bundle.of_job("bias", "pages").write(scratch / "code")
    config = scratch / "analysis_config.json"
    config.write_text(json.dumps(analysis.config()), encoding="utf-8")
    store = ImageStore(StackConfig.from_environment(os.environ).images)
    with steps() as report:
        try:
            python = store.ensure(store.resolve(IMAGE), report) / "bin" / "python"
        except (LookupError, ImageBuildFailed) as error:
            raise MillraceError(str(error)) from error
        report("Measuring")
        command: list[str | Path] = [
            python,
            scratch / "code" / "bias.py",
            "--data",
            data.resolve(),
            "--config",
            config,
        ]
        done = subprocess.run(
            [*command, "--output", scratch / "out"],
            env={**os.environ, "SAGEMAKER_BASE_DIR": str(scratch / "ml")},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        reason = scratch / "ml" / "output" / "message"
        raise MillraceError(reason.read_text() if reason.is_file() else done.stderr.strip())
    return scratch / "out" / "analysis.json"


def _copy(found: Path, file: Path) -> None:
    try:
        shutil.copyfile(found, file)
    except OSError as error:
        raise MillraceError(f"{file} cannot be written: {error.strerror}.") from error


def _tables(document: Mapping[str, Any]) -> list[Table]:
    """A table for each group, the metrics of the data before those of the predictions."""
    found: dict[str, Table] = {}
    for facet, group, metrics in measured_groups(document):
        title = f"{facet}: {group}"
        table = found.setdefault(title, _table(title))
        for metric in metrics:
            table.add_row(metric["name"], _shown(metric), metric["description"])
        table.add_section()
    return list(found.values())


def _table(title: str) -> Table:
    # Rich would read brackets of a value as markup.
    table = Table(title=title.replace("[", r"\["), title_justify="left")
    table.add_column("metric")
    table.add_column("value", justify="right")
    table.add_column("meaning")
    return table


def _shown(metric: Mapping[str, Any]) -> str:
    value = metric["value"]
    return "n/a" if value is None else f"{float(value):.5f}"
