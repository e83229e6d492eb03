"""Turns raw census rows into training and test features with scikit-learn.

Input: folders of CSV files (UTF-8 text, or gzip named ``.gz``), one person a line. A file with a header may
have its columns in any order and more than are needed; without one it is read as UCI Adult, 15 columns. A
category that is empty or ``?`` becomes ``Unknown``; a number or label that is missing rejects its row.

Output, under ``--output``:

- ``features/train``, ``features/test``: label and features, named; the encoder knows training rows only
- ``rows/train``, ``rows/test``: the same rows in the same order as they came in
- ``encoder/encoder.json``: what the features mean
- ``rejected/rejected.jsonl``: every line that is not a row, with file, line number, rule and reason
- ``preprocessing/metrics.json``: flat numbers; ``rows_in == rows_train + rows_test + rows_rejected``

The same rows, ratio and seed give the same bytes, in whatever files or order the rows come.
"""

import argparse
import itertools
import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import pandas as pd
from sklearn.model_selection import train_test_split

from bounds import number
from columns import CLASSES, LABEL, SPLITS
from encoding import ROWS_AT_ONCE, Encoder
from failure import JobError, run_job
from feature_files import FEATURES, ROWS, both_classes, empty, write_tables
from rows import Rejection, Value, columns_of, layouts, read_rows

REJECTED = "rejected.jsonl"
OUTPUTS = ("features", "rows", "encoder", "rejected", "preprocessing")
FEWEST_ROWS = 50
"""Fewer cannot be split and binned sensibly."""


def preprocess(
    sources: Sequence[Path], output: Path, *, ratio: float, max_rejected_fraction: float, seed: int
) -> dict[str, float]:
    """Runs the job and returns its metrics.

    Raises:
        JobError: the input as a whole cannot become features; rejected rows have been written by then.
    """
    empty(output, OUTPUTS)
    files = layouts(sources)
    columns = columns_of(files)
    rejected: Counter[str] = Counter()
    with (output / "rejected" / REJECTED).open("w") as kept:
        accepted = table(_without_rejected(read_rows(files, columns), rejected, kept), columns)
    _check(accepted, rejected, max_rejected_fraction, _first_reason(output))
    splits = split(accepted, ratio, seed)
    encoder = Encoder(splits["train"])
    for name, rows in splits.items():
        write_tables(encoder.encoded(rows), output / "features" / name / FEATURES)
        write_tables([rows], output / "rows" / name / ROWS, digits=12)
    (output / "encoder" / "encoder.json").write_text(json.dumps(encoder.description(), indent=2) + "\n")
    metrics = {
        "rows_in": len(accepted) + rejected.total(),
        "rows_rejected": rejected.total(),
        "rejected_fraction": rejected.total() / (len(accepted) + rejected.total()),
        **{f"rejected_{rule}": count for rule, count in sorted(rejected.items())},
        **{f"rows_{name}": len(rows) for name, rows in splits.items()},
        "features_encoded": len(encoder.features),
        "positive_fraction": float(accepted[LABEL].mean()),
    }
    (output / "preprocessing" / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    return metrics


def table(rows: Iterator[tuple[Value, ...]], columns: Sequence[str]) -> pd.DataFrame:
    """All rows, built of parts so that the text of a large input is never in memory at once."""
    parts = []
    while part := list(itertools.islice(rows, ROWS_AT_ONCE)):
        parts.append(pd.DataFrame(part, columns=list(columns)))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(columns))


def split(rows: pd.DataFrame, ratio: float, seed: int) -> dict[str, pd.DataFrame]:
    """Training and test rows, each class divided by the same ratio, in whatever order they came.

    Raises:
        JobError: one of the two has not a row of each class.
    """
    _check_split(rows[LABEL], ratio)
    ordered = rows.sort_values(list(rows.columns), ignore_index=True)
    parts = train_test_split(ordered, test_size=ratio, random_state=seed, stratify=ordered[LABEL])
    for name, part in zip(SPLITS, parts, strict=True):
        both_classes(part[LABEL], f"{name} rows of a split ratio of {ratio:g}")
    return dict(zip(SPLITS, parts, strict=True))


def _check_split(labels: "pd.Series[int]", ratio: float) -> None:
    """What scikit-learn would refuse: fewer rows in a part than classes, or a class of one row."""
    counts = labels.value_counts()
    if counts.min() < len(SPLITS):
        rarest = list(CLASSES)[counts.idxmin()]
        raise JobError(
            f"{counts.min()} of {len(labels)} rows has the {LABEL} {rarest}: at least {len(SPLITS)} of each "
            "class are needed, to train on and to test on."
        )
    tested = math.ceil(ratio * len(labels))  # as scikit-learn rounds
    if not len(counts) <= tested <= len(labels) - len(counts):
        raise JobError(
            f"A split ratio of {ratio:g} leaves {tested} of {len(labels)} rows to test on: at least "
            f"{len(counts)} and at most {len(labels) - len(counts)} are needed, for a row of each class on "
            "both sides."
        )


def _without_rejected(
    lines: Iterable[tuple[Value, ...] | Rejection], counts: Counter[str], kept: TextIO
) -> Iterator[tuple[Value, ...]]:
    """The rows alone; what is none is counted by rule and kept with its reason."""
    for line in lines:
        if isinstance(line, Rejection):
            counts[line.rule] += 1
            kept.write(json.dumps(asdict(line), ensure_ascii=False) + "\n")
        else:
            yield line


def _first_reason(output: Path) -> str:
    with (output / "rejected" / REJECTED).open() as kept:
        first = kept.readline()
    return json.loads(first)["reason"] if first else "of nothing"


def _check(rows: pd.DataFrame, rejected: Counter[str], max_fraction: float, example: str) -> None:
    """Whether what was read can become features.

    Raises:
        JobError: it cannot.
    """
    total = len(rows) + rejected.total()
    if not total:
        raise JobError("The input is empty: it has 0 rows, at least one is needed.")
    if rows.empty:
        raise JobError(f"All {total} rows are rejected, the first of them because {example}.")
    if rejected.total() > max_fraction * total:
        rules = ", ".join(f"{rule} {count}" for rule, count in rejected.most_common(3))
        raise JobError(
            f"{rejected.total()} of {total} rows are rejected, a share of {rejected.total() / total:.4f}: "
            f"over the bound {max_fraction:g} ({rules}); the first because {example}."
        )
    if len(rows) < FEWEST_ROWS:
        raise JobError(f"{len(rows)} rows are accepted, at least {FEWEST_ROWS} are needed.")
    both_classes(rows[LABEL], "rows")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Census rows to features, with scikit-learn.")
    add = parser.add_argument
    add("--input", type=Path, nargs="+", required=True, help="folders of CSV files")
    add("--output", type=Path, required=True, help="folder to write; its old outputs go")
    ratio = number(float, 0, 1, above=True, below=True)
    add("--train-test-split-ratio", type=ratio, default=0.2, help="test share")
    add("--max-rejected-fraction", type=number(float, 0, 1), default=1.0, help="more end the job")
    add("--seed", type=number(int, 0, 2**32 - 1), default=42, help="another seed draws another split")
    args = parser.parse_args(argv)

    def work() -> None:
        metrics = preprocess(
            args.input,
            args.output,
            ratio=args.train_test_split_ratio,
            max_rejected_fraction=args.max_rejected_fraction,
            seed=args.seed,
        )
        print(json.dumps(metrics))

    return run_job(work)


if __name__ == "__main__":
    sys.exit(main())
