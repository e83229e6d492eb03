"""Measures the bias of data, and of a model's predictions for it, with the 21 metrics of SageMaker Clarify.

Input: CSV files (UTF-8 text, or gzip named ``.gz``), and Clarify's ``analysis_config.json``.

Output, under ``--output``:

- ``analysis.json``: as Clarify writes it
- ``metrics.json``: all finite values as flat numbers, named ``<facet>_<group>_<metric>``; of groups whose
  names differ only in signs, such as ``<=50K`` and ``>50K``, the second is ``<facet>_<group>_2_<metric>``
- ``report.html``: the page for people
"""

import argparse
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from analysis import Analysis
from analysis_config import AnalysisConfig
from bias_page import page
from csv_columns import header_of, read_table
from documents import parsed, write_json
from failure import JobError, run_job
from measurement import analyse
from selection import Selection
from text_files import data_files

CONFIG = "analysis_config.json"


def measure(data: Path, config: AnalysisConfig) -> Analysis:
    """The analysis of the CSV files of a folder, or of one file.

    Raises:
        JobError: the data cannot be read, or it is not what the configuration says.
    """
    files = data_files([data])
    header = header_of(files, config.headers)
    columns = Selection.of(config, header)
    table = read_table(files, header, columns.wanted, columns.features)
    return analyse(table, config, columns)


def flat(analysis: Analysis) -> dict[str, float]:
    """The finite values, and how many rows there are."""
    values: dict[str, float | None] = {}
    seen: Counter[str] = Counter()
    for group in analysis.groups:
        name = "_".join(map(plain, (group.facet, group.value)))
        seen[name] += 1
        if seen[name] > 1:
            name = f"{name}_{seen[name]}"
        values |= {f"{name}_{each.name}": each.value for each in (*group.pretraining, *group.posttraining)}
    finite = {name: value for name, value in values.items() if value is not None and math.isfinite(value)}
    return {"rows": analysis.rows, "rows_left_out": max(analysis.left_out.values()), **finite}


def plain(text: str) -> str:
    """Letters, digits and underscores only.

    >>> plain("(40.0, 65.0]")
    '40_0_65_0'
    """
    return re.sub(r"\W+", "_", text).strip("_")


def run(args: argparse.Namespace) -> None:
    """Measures and writes.

    Raises:
        JobError: see `measure`, or the configuration is not one.
    """
    analysis = measure(args.data, parsed(args.config, AnalysisConfig.of, JobError))
    print(f"{analysis.rows:,} rows measured", flush=True)
    metrics = flat(analysis)
    write_json(args.output / "analysis.json", analysis.document())
    write_json(args.output / "metrics.json", metrics)
    (args.output / "report.html").write_text(page(analysis, args.title), encoding="utf-8")
    print(json.dumps(metrics))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measures bias.")
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder of CSV files, or one file")
    add("--config", type=Path, required=True, help=f"Clarify's {CONFIG}")
    add("--title", default="Bias report", help="of the page for people")
    add("--output", type=Path, required=True, help="folder for analysis, metrics and report")
    args = parser.parse_args(argv)
    return run_job(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
