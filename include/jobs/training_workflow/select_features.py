"""Keeps the features that say something about the label, by mutual information on the training rows.

Output, under ``--output``:

- ``selected.json``: the features to train on, best first
- ``information.csv``: every feature with its mutual information in nats, its p-value and whether it is kept
- ``information.png``: the best of them as bars
- ``metrics.json``: flat numbers

A feature is kept if it has at least ``--min-information``, more than chance would explain, and is among the
best ``--max-features``.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from scipy.stats import chi2
from sklearn.feature_selection import mutual_info_classif

from bounds import number
from columns import LABEL
from failure import JobError, run_job
from feature_files import both_classes, read_features

mpl.use("Agg")
from matplotlib import pyplot as plt

BINS = 20
BARS = 30
SIGNIFICANCE = 0.01
"""A feature whose information is this likely by chance alone is dropped."""


def information(table: pd.DataFrame) -> pd.DataFrame:
    """``information`` of each feature about the label, in nats, largest first, and its ``p_value``.

    A number is counted in bins of about as many rows each. Twice the rows times the information is the
    statistic of the G-test of independence (Woolf, 1957): few rows and many bins look informative by chance.
    """
    features = table.drop(columns=LABEL)
    counted = features.apply(binned)
    values = mutual_info_classif(counted, table[LABEL], discrete_features=True)
    p_values = chi2.sf(2 * len(table) * values, counted.nunique() - 1)
    result = pd.DataFrame({"information": values, "p_value": p_values}, index=features.columns)
    return result.sort_values("information", ascending=False, kind="stable")


def binned(feature: "pd.Series[float]") -> "pd.Series[int]":
    """Whole numbers that stand for the values of a feature."""
    if feature.nunique() <= BINS:
        return feature.rank(method="dense").astype(int)
    return (feature.rank(pct=True) * BINS).astype(int)


def select_features(
    source: Path, output: Path, *, max_features: int, min_information: float
) -> dict[str, float]:
    """Runs the job and returns its metrics.

    Raises:
        JobError: there are no features, one class, or no feature reaches the bound.
    """
    output.mkdir(parents=True, exist_ok=True)
    table = read_features(source)
    both_classes(table[LABEL], "training rows")
    found = information(table)
    significant = found["p_value"] <= SIGNIFICANCE
    kept = found[significant & (found["information"] >= min_information)].head(max_features)
    if kept.empty:
        raise JobError(
            f"No feature says enough about {LABEL}: the best, {found.index[0]}, has "
            f"{found['information'].iloc[0]:.6f} nats at a p-value of {found['p_value'].iloc[0]:.2g}; "
            f"the bounds are min_information {min_information:g} and {SIGNIFICANCE:g}."
        )
    (output / "selected.json").write_text(json.dumps(list(kept.index), indent=2) + "\n")
    listed = found.assign(kept=found.index.isin(kept.index))
    listed.to_csv(output / "information.csv", index_label="feature", float_format="%.6g")
    plot(found["information"], set(kept.index), min_information, output / "information.png")
    metrics = {
        "features_in": len(found),
        "features_selected": len(kept),
        "best_information": round(float(found["information"].iloc[0]), 6),
    }
    (output / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    return metrics


def plot(found: "pd.Series[float]", kept: set[str], bound: float, path: Path) -> None:
    """The features with the most information as bars, the best on top."""
    shown = found.head(BARS)[::-1]
    figure, axes = plt.subplots(figsize=(9, 0.26 * len(shown) + 1.4), layout="constrained")
    colours = ["#1f6f8b" if name in kept else "#c9c9c9" for name in shown.index]
    axes.barh(shown.index, shown, color=colours)
    axes.axvline(bound, color="#e07a3f", linestyle="--", linewidth=1.2)
    axes.set(xlabel=f"mutual information with {LABEL} (nats)", ylim=(-0.6, len(shown) - 0.4))
    axes.set_title(f"{len(kept)} of {len(found)} features kept; the best {len(shown)} shown", loc="left")
    handles = [
        mpl.patches.Patch(color="#1f6f8b", label="kept"),
        mpl.patches.Patch(color="#c9c9c9", label=f"dropped: under the bound, or p > {SIGNIFICANCE:g}"),
        mpl.lines.Line2D([], [], color="#e07a3f", linestyle="--", label=f"bound {bound:g}"),
    ]
    axes.legend(handles=handles, frameon=False, loc="lower right")
    axes.grid(axis="x", alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120, metadata={"Software": None})
    plt.close(figure)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Keeps features by mutual information with the label.")
    add = parser.add_argument
    add("--features", type=Path, required=True, help="folder with the training features")
    add("--output", type=Path, required=True, help="folder for the selection and its picture")
    add("--max-features", type=number(int, 1), default=40, help="most features to keep")
    add(
        "--min-information",
        type=number(float, 0),
        default=0.0005,
        help="nats; features with less are dropped",
    )
    args = parser.parse_args(argv)

    def work() -> None:
        metrics = select_features(
            args.features,
            args.output,
            max_features=args.max_features,
            min_information=args.min_information,
        )
        print(json.dumps(metrics))

    return run_job(work)


if __name__ == "__main__":
    sys.exit(main())
