"""Refuses tables that nothing can be learned from, before anything is paid for that learns.

Both files are read once, in blocks. Leaves ``metrics.json``, flat numbers.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from documents import write_json
from failure import JobError, run_job
from headers import only_file
from listed import listed
from surveys import MOST_CLASSES, Survey, survey

CLASSES_NEEDED = 2


def check(train: Path, test: Path, target: str) -> dict[str, float]:
    """The numbers of both tables.

    Raises:
        JobError: there is no target, a single class, no row, or the tables have other columns.
    """
    learned = survey(train, target)
    _check_target(train, learned, target)
    asked = survey(test, target)
    _check_columns(test, asked, learned, target)
    if not asked.rows:
        raise JobError(f"{test.name} has no rows: there is nothing to predict.")
    _tell(train, learned)
    _tell(test, asked)
    return {
        "train_rows": learned.rows,
        "test_rows": asked.rows,
        "columns": len(learned.header.named),
        "empty_columns": len(learned.empty),
        "unlabelled_rows": learned.unlabelled,
        "padded_labels": learned.padded,
        "distinct_labels": len(learned.classes),
        "test_is_labelled": int(target in asked.header.names and asked.unlabelled < asked.rows),
    }


def _check_target(path: Path, found: Survey, target: str) -> None:
    if target not in found.header.names:
        raise JobError(
            f"{path.name} has no column {target!r} to learn; it has {listed(found.header.named)}. Name that "
            "column so, or give its name as the Param target."
        )
    if not found.rows:
        raise JobError(f"{path.name} has no rows: there is nothing to learn from.")
    if len(found.classes) < CLASSES_NEEDED:
        only = f"only the value {min(found.classes)!r}" if found.classes else "no value"
        raise JobError(
            f"{path.name} has {only} in {target!r}: there is nothing to tell apart. At least "
            f"{CLASSES_NEEDED} different ones are needed."
        )
    if set(found.header.named) - {target} <= set(found.empty):
        raise JobError(f"{path.name} has values in {target!r} only: there is nothing to learn it from.")


def _check_columns(path: Path, asked: Survey, learned: Survey, target: str) -> None:
    """The test file has the columns of the other one; it may lack the target and such as are empty."""
    given, known = set(asked.header.named), set(learned.header.named)
    lacking = [
        name
        for name in learned.header.named
        if name not in given and name != target and name not in learned.empty
    ]
    unknown = [name for name in asked.header.named if name not in known]
    parts = [
        *([f"lacks {listed(lacking)}"] if lacking else []),
        *([f"has {listed(unknown)}, which the training file has not"] if unknown else []),
    ]
    if parts:
        # The sentence names the first of very many.
        print(f"{path.name} lacks {lacking} and has besides {unknown}.")
        raise JobError(f"{path.name} has other columns than the training file: it {' and '.join(parts)}.")


def _tell(path: Path, found: Survey) -> None:
    """What a person may want to know, in the log."""
    print(f"{path.name}: {found.rows:,} rows, {len(found.header.named):,} columns.")
    if nameless := len(found.header.names) - len(found.header.named):
        print(f"{path.name}: {nameless} columns have no name and are left out.")
    if found.empty:
        print(f"{path.name}: no row has a value in {listed(found.empty)}.")
    if found.padded:
        print(f"{path.name}: {found.padded:,} labels have blanks around them, which are cut off.")
    if found.unlabelled:
        print(f"{path.name}: {found.unlabelled:,} rows have no label.")
    if len(found.classes) >= MOST_CLASSES:
        print(f"{path.name}: there are {MOST_CLASSES} different labels or more.")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Refuses tables that nothing can be learned from.")
    add = parser.add_argument
    add("--train", type=Path, required=True, help="folder with the training file")
    add("--test", type=Path, required=True, help="folder with the file to predict")
    add("--target", required=True, help="name of the column with the labels")
    add("--output", type=Path, required=True, help="folder for metrics.json")
    args = parser.parse_args(argv)

    def work() -> None:
        metrics = check(only_file(args.train), only_file(args.test), args.target)
        write_json(args.output / "metrics.json", metrics)
        print(json.dumps(metrics))

    return run_job(work)


if __name__ == "__main__":
    sys.exit(main())
