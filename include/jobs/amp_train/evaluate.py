"""Measures the forest on the held-out days, beside the heuristic and, if there is one, the champion.

The heuristic ranks by how many of a show's topics the user has declared. Output, under ``--output``:

- ``metrics.json``: ``auc``, ``ndcg`` (at 10) and ``heuristic_ndcg``; ``ndcg_gain`` with ``_low`` and
  ``_high``, the 95% interval of forest less heuristic; ``champion_auc`` and ``champion_ndcg``; rows,
  queries, users
- ``model.json``: SHA-256 of the models, and why the champion could not be compared, if it could not
- ``report.html``: all of it, with NDCG by day, the ROC curve and the importances of the features
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from sklearn.metrics import roc_auc_score

from archive import member
from documents import write_json
from failure import JobError, run_job
from forest import FILE, Forest
from ranking import Floats, difference, ndcg
from ranking_features import DECLARED, IDENTITY, LABEL
from ranking_report import page
from training_files import model_input, read_rows


@dataclass(frozen=True)
class Model:
    """A forest and the digest of its file."""

    forest: Forest
    sha256: str


def load_model(folder: Path) -> Model:
    """The model of ``model.tar.gz`` in a folder. Nothing is unpickled.

    Raises:
        JobError: there is no archive, or it holds no forest.
    """
    content = member(folder / "model.tar.gz", FILE)
    try:
        return Model(Forest.read(content), hashlib.sha256(content).hexdigest())
    except ValueError as error:
        raise JobError(str(error)) from error


def scores_of(model: Model, rows: pd.DataFrame) -> Floats:
    """A score by row.

    Raises:
        JobError: the forest takes other features than the rows have.
    """
    try:
        return model.forest.probabilities(model_input(rows))
    except ValueError as error:
        raise JobError(str(error)) from error


def compared(folder: Path, rows: pd.DataFrame) -> tuple[dict[str, float], dict[str, str]]:
    """The champion's metrics and identity; one that cannot be measured keeps nobody from serving."""
    try:
        champion = load_model(folder)
        scores = scores_of(champion, rows)
    except JobError as error:
        print(f"The champion cannot be compared: {error}")
        return {}, {"champion_incomparable": f"The champion cannot be compared: {error}"}
    metrics = {
        "champion_auc": float(roc_auc_score(rows[LABEL], scores)),
        "champion_ndcg": float(ndcg(rows, scores)["ndcg"].mean()),
    }
    return metrics, {"champion_sha256": champion.sha256}


def evaluate(args: argparse.Namespace) -> dict[str, float]:
    """Measures, draws and writes; returns the metrics.

    Raises:
        JobError: model or rows cannot be read, do not fit each other, or are too few to measure by.
    """
    rows, model = read_rows(args.test, IDENTITY), load_model(args.model)
    if rows[LABEL].nunique() < 2:  # noqa: PLR2004
        raise JobError(f"The {len(rows)} held-out rows are all of one class: hold out more days.")
    scores = scores_of(model, rows)
    forest, heuristic = ndcg(rows, scores), ndcg(rows, rows[DECLARED].fillna(0).to_numpy(float))
    try:
        gain = difference(heuristic, forest)
    except ValueError as error:
        raise JobError(str(error)) from error
    metrics = {
        "auc": float(roc_auc_score(rows[LABEL], scores)),
        "ndcg": float(forest["ndcg"].mean()),
        "heuristic_ndcg": float(heuristic["ndcg"].mean()),
        "ndcg_gain": gain.estimate,
        "ndcg_gain_low": gain.low,
        "ndcg_gain_high": gain.high,
        "rows": len(rows),
        "queries": len(forest),
        "users": int(forest["user_id"].nunique()),
    }
    others, identity = compared(args.champion, rows) if args.champion else ({}, {})
    metrics |= others
    write_json(args.output / "metrics.json", metrics)
    write_json(args.output / "model.json", {"model_sha256": model.sha256, **identity})
    days = pd.DataFrame(
        {"day": forest["hour"].dt.date, "forest": forest["ndcg"], "topics": heuristic["ndcg"]}
    )
    report = page(metrics, days.groupby("day").mean(), (rows[LABEL], scores), model.forest)
    (args.output / "report.html").write_text(report, encoding="utf-8")
    return metrics


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measures the ranking on held-out days.")
    add = parser.add_argument
    add("--model", type=Path, required=True, help="folder with model.tar.gz")
    add("--champion", type=Path, help="folder with the model.tar.gz that serves now")
    add("--test", type=Path, required=True, help="folder with the held-out days")
    add("--output", type=Path, required=True, help="folder for metrics and report")
    args = parser.parse_args(argv)
    return run_job(lambda: print(json.dumps(evaluate(args))))


if __name__ == "__main__":
    sys.exit(main())
