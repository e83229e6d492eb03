"""Puts what a training has left beside its report: plain files that anybody can open.

The training's archive is data: it is unpacked by tarfile's data filter, and nothing in it is run. A script of
somebody's own may leave what it likes; what of it has the names of ours gets the name of the pair.
"""

import argparse
import json
import shutil
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import plots
from documents import parsed, write_json
from failure import JobError, run_job
from pages import render
from results import FACTS, IMPORTANCE, LEADERBOARD, METRICS, PERFORMANCE, PREDICTIONS

TEMPLATE = Path(__file__).with_name("automl_report.html")
PAGE = "report.html"
NAMED = (PREDICTIONS, LEADERBOARD, PERFORMANCE, IMPORTANCE)
"""Files that get the name of the pair."""


def report(archive: Path, name: str, output: Path) -> dict[str, float]:
    """Unpacks the archive, names its files, and writes the report and ``metrics.json``; returns the metrics.

    Raises:
        JobError: the archive cannot be read, or a file in it that has the name of ours is of another kind.
    """
    with tempfile.TemporaryDirectory() as folder:
        left = Path(folder)
        _unpack(archive, left)
        shown = _shown(left) if all((left / file).is_file() for file in (*NAMED, FACTS, METRICS)) else {}
        for file in NAMED:
            if (left / file).is_file():
                (left / file).rename(left / f"{name}_{file}")
        shutil.copytree(left, output, dirs_exist_ok=True)
    files = sorted(path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file())
    if PAGE not in files:
        page = render(TEMPLATE, **{"name": name, "files": files, "facts": None, **shown})
        (output / PAGE).write_text(page, encoding="utf-8")
    metrics: dict[str, float] = shown.get("metrics", {"files": float(len(files))})
    write_json(output / METRICS, metrics)
    return metrics


def _unpack(archive: Path, folder: Path) -> None:
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise JobError(f"{archive.name} cannot be read: {error}.") from error


def _shown(folder: Path) -> dict[str, Any]:
    """What the report shows of the files that our own training leaves."""
    try:
        return _read(folder)
    except (KeyError, TypeError, ValueError) as error:
        raise JobError(
            f"A file of the training's output has not what the report shows of it ({error!r}): leave it out, "
            "or write it as docs/pipelines/automl.md says."
        ) from error


def _read(folder: Path) -> dict[str, Any]:
    facts, metrics = (parsed(folder / file, _object, JobError) for file in (FACTS, METRICS))
    predictions = pd.read_csv(folder / PREDICTIONS, keep_default_na=False, na_values=[""], low_memory=False)
    importance = pd.read_csv(folder / IMPORTANCE, keep_default_na=False, na_values=[""])
    is_labelled = "actual" in predictions
    return {
        "facts": facts,
        "metrics": metrics,
        "is_labelled": is_labelled,
        "models": pd.read_csv(folder / LEADERBOARD).to_dict("records"),
        "outcome": _outcome(facts["problem_type"], predictions) if is_labelled else None,
        "importance": plots.bars(
            importance, "feature", "importance", "Importance of the features", spread="stddev"
        ),
    }


def _object(document: object) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise JobError("it is no JSON object.")
    return document


def _outcome(problem_type: str, predictions: pd.DataFrame) -> bytes | None:
    labelled = predictions[["actual", "predicted"]].dropna(subset=["actual"])
    if problem_type == "regression":
        return plots.residuals(labelled["actual"], labelled["predicted"])
    # Whole numbers with a gap were read as fractions, and 1.0 is no name of a class.
    labelled = labelled.convert_dtypes()
    return plots.confusion(labelled["actual"], labelled["predicted"])


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Puts what a training has left beside its report.")
    add = parser.add_argument
    add("--training", type=Path, required=True, help="folder with the training's output.tar.gz")
    add("--name", required=True, help="of the pair of files")
    add("--output", type=Path, required=True, help="folder for the files, the report and metrics.json")
    args = parser.parse_args(argv)
    archive = args.training / "output.tar.gz"
    return run_job(lambda: print(json.dumps(report(archive, args.name, args.output))))


if __name__ == "__main__":
    sys.exit(main())
