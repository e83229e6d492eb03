"""Finds training rows that are unlike the others, with an isolation forest over their numbers.

Output, under ``--output``:

- ``anomalies/metrics.json``: flat numbers; ``anomaly_share`` is what the workflow chooses its way by
- ``anomalies/anomalies.csv``: the strangest rows with their scores, strangest first
- ``anomalies/scores.png``: the scores of all rows, and where the anomalies lie
- ``flags/flags.csv``: score and verdict for each training row, in their order

A score near 1 is strange and one under 0.5 is ordinary (Liu, Ting and Zhou, 2008). The bound is on the score,
so the share of anomalies is found, not given.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest

from bounds import number
from columns import NUMBERS
from failure import run_job
from feature_files import empty, read_rows, write_tables

mpl.use("Agg")
from matplotlib import pyplot as plt

TREES = 200
MOST_LISTED = 200
MOST_DRAWN = 5_000
MONEY = ("fnlwgt", "capital_gain", "capital_loss")
"""Spread over orders of magnitude: looked at as logarithms."""


def numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """What the forest sees of each row."""
    table = rows[list(NUMBERS)].astype(np.float64)
    table[list(MONEY)] = np.log1p(table[list(MONEY)])
    return table


def scores(rows: pd.DataFrame, seed: int) -> "pd.Series[float]":
    """How strange each row is, from 0 to 1."""
    table = numbers(rows)
    forest = IsolationForest(n_estimators=TREES, random_state=seed).fit(table)
    return pd.Series(-forest.score_samples(table), name="score")


def detect_anomalies(source: Path, output: Path, *, score: float, seed: int) -> dict[str, float]:
    """Runs the job and returns its metrics.

    Raises:
        JobError: there are no rows.
    """
    empty(output, ("anomalies", "flags"))
    rows = read_rows(source)
    found = scores(rows, seed)
    strange = found > score
    write_tables([pd.DataFrame({"score": found, "anomaly": strange.astype(int)})], output / "flags/flags.csv")
    listed = rows.assign(score=found)[strange].nlargest(MOST_LISTED, "score")
    write_tables([listed], output / "anomalies" / "anomalies.csv", digits=12)
    plot(rows, found, strange, score, output / "anomalies" / "scores.png")
    metrics = {
        "anomalies_found": int(strange.sum()),
        "anomaly_share": round(float(strange.mean()), 6),
        "highest_score": round(float(found.max()), 6),
    }
    (output / "anomalies" / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    return metrics


def plot(
    rows: pd.DataFrame, found: "pd.Series[float]", strange: "pd.Series[bool]", bound: float, path: Path
) -> None:
    """The distribution of the scores on the left, the rows by age and hours on the right."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5), layout="constrained")
    left.hist(found, bins=60, color="#1f6f8b", log=True)
    left.axvline(bound, color="#e07a3f", linestyle="--", label=f"bound {bound:g}")
    left.set(xlabel="anomaly score", ylabel="rows")
    left.set_title(f"{int(strange.sum()):,} of {len(rows):,} training rows are anomalies", loc="left")
    ordinary = rows[~strange]
    shown = ordinary.sample(min(len(ordinary), MOST_DRAWN), random_state=0)
    for table, colour, size, label in (
        (shown, "#9bb8c3", 8, "ordinary"),
        (rows[strange], "#e07a3f", 16, "anomaly"),
    ):
        right.scatter(
            table["age"], table["hours_per_week"], s=size, color=colour, linewidths=0, alpha=0.7, label=label
        )
    right.set(xlabel="age (years)", ylabel="hours a week")
    right.set_title("Where they lie; money is not shown here", loc="left")
    for axes in (left, right):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    figure.savefig(path, dpi=120, metadata={"Software": None})
    plt.close(figure)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Finds strange training rows with an isolation forest.")
    add = parser.add_argument
    add("--rows", type=Path, required=True, help="folder with the training rows")
    add("--output", type=Path, required=True, help="folder for the report and the flags")
    add("--anomaly-score", type=number(float, 0, 1), default=0.65, help="higher is strange")
    add("--seed", type=number(int, 0, 2**32 - 1), default=42)
    args = parser.parse_args(argv)
    return run_job(
        lambda: print(
            json.dumps(detect_anomalies(args.rows, args.output, score=args.anomaly_score, seed=args.seed))
        )
    )


if __name__ == "__main__":
    sys.exit(main())
