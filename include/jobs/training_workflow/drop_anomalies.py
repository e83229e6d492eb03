"""Leaves the anomalies out of the training features.

Output, under ``--output``: ``cleaned/features.csv`` without them, and ``cleaning/metrics.json``. Test rows
are never touched: a model is measured on what really comes.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from columns import LABEL
from failure import JobError, run_job
from feature_files import FEATURES, both_classes, empty, read_features, read_flags, write_tables


def drop_anomalies(source: Path, flags: Path, output: Path) -> dict[str, float]:
    """Runs the job and returns its metrics.

    Raises:
        JobError: the flags are not of these rows, or the rows that stay have one class only.
    """
    table, strange = read_features(source), read_flags(flags / "flags.csv")
    if len(table) != len(strange):
        raise JobError(f"There are {len(strange)} flags for {len(table)} training rows: they do not belong.")
    kept = table[~strange]
    both_classes(kept[LABEL], "training rows that are no anomalies")
    empty(output, ("cleaned", "cleaning"))
    write_tables([kept], output / "cleaned" / FEATURES)
    metrics: dict[str, float] = {"rows_dropped": int(strange.sum()), "rows_kept": len(kept)}
    (output / "cleaning" / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    return metrics


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Leaves the anomalies out of the training features.")
    parser.add_argument("--features", type=Path, required=True, help="folder with the training features")
    parser.add_argument("--flags", type=Path, required=True, help="folder with flags.csv of their anomalies")
    parser.add_argument("--output", type=Path, required=True, help="folder for what stays")
    args = parser.parse_args(argv)
    return run_job(lambda: print(json.dumps(drop_anomalies(args.features, args.flags, args.output))))


if __name__ == "__main__":
    sys.exit(main())
