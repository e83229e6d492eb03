"""Makes rows of features of the shots of many matches.

Output, under ``--output``:

- ``train/``, ``validation/``, ``test/``: headerless CSV, the label first, then the features in the order of
  ``shot_features.FEATURES``; a feature that is not known is empty. All shots of a match are in one of them
- ``shots/shots.parquet``: the same with names, ``match`` and ``split``
- ``matches/matches.json``: every match with what each rule found; ``matches/set_aside.json``: those that
  break one or cannot be read, and why; no shot of theirs is a row
- ``metrics/metrics.json``: ``matches``, ``matches_set_aside``, ``set_aside_fraction``, ``shots``,
  ``shots_unplaced``, ``goals``, ``goal_rate``, ``penalties`` and ``shots_train``, ``_validation``, ``_test``
- ``last/``: the files of the last match by name that is not set aside, for who scores that one alone
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import shots
from bounds import number
from documents import write_json
from failure import JobError, run_job
from goal_view import Floats
from match_files import PROVIDERS, Files
from match_rules import Check, judged
from shot_features import FEATURES, LABEL

SPLITS = {"train": 0.7, "validation": 0.15, "test": 0.15}
"""Shares of the matches."""
TOLD_EVERY = 100


@dataclass(frozen=True)
class Reading:
    """What became of a match."""

    match: str
    reason: str = ""
    """Why it is set aside; empty where it is not."""
    checks: list[Check] = field(default_factory=list)
    unplaced: int = 0
    rows: Floats = field(default_factory=lambda: np.empty((0, 1 + len(FEATURES))))
    """The label first."""


def reading(files: Files, provider: str) -> Reading:
    """Reads a match and makes rows of its shots, unless it breaks a rule."""
    found = judged(PROVIDERS[provider], files)
    if (match := found.match) is None:
        return Reading(files.match, found.reason, found.checks)
    goals = np.array([[float(shot.is_goal)] for shot in match.shots])
    rows = np.hstack([goals, shots.table(match.shots)])
    return Reading(files.match, "", found.checks, match.unplaced.total(), rows)


def readings(matches: Sequence[Files], provider: str, processes: int) -> Iterator[Reading]:
    """Reads all, several at the same time."""
    # Spawned: the libraries have started threads, and a lock that one holds is held for ever after a fork.
    with ProcessPoolExecutor(min(processes, len(matches)), get_context("spawn")) as pool:
        work = pool.map(partial(reading, provider=provider), matches, chunksize=4)
        for done, found in enumerate(work, start=1):
            if found.reason:
                print(f"{found.match} is set aside: {found.reason}", flush=True)
            if done % TOLD_EVERY == 0:
                print(f"{done} of {len(matches)} matches", flush=True)
            yield found


def split_of(match: str) -> str:
    """Where a match belongs: always the same, whatever other matches there are."""
    drawn = int.from_bytes(hashlib.sha256(match.encode()).digest()[:8], "big") / 2**64
    reached = 0.0
    for name, share in SPLITS.items():
        reached += share
        if drawn < reached:
            return name
    return "test"


def table(found: Iterable[Reading]) -> pd.DataFrame:
    """Match, split, label and features of every shot.

    Raises:
        JobError: a split has no shot, or none that was a goal, or none that was not.
    """
    parts = [
        pd.DataFrame(each.rows, columns=[LABEL, *FEATURES]).assign(
            match=each.match, split=split_of(each.match)
        )
        for each in found
        if not each.reason
    ]
    if not parts:
        raise JobError("Every match is set aside: the log says why.")
    rows = pd.concat(parts, ignore_index=True)[["match", "split", LABEL, *FEATURES]]
    for name in SPLITS:
        goals = rows.loc[rows["split"] == name, LABEL]
        if goals.nunique() < 2:  # noqa: PLR2004
            raise JobError(
                f"Of {rows['match'].nunique()} matches the split {name} has {len(goals)} shots and "
                f"{int(goals.sum())} goals: it needs shots of both kinds. Give more matches."
            )
    return rows


def keep(files: Files, folder: Path) -> None:
    """Copies the files of a match: who needs it alone need not have all the others."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in filter(None, (files.information, files.events, files.positions)):
        shutil.copyfile(path, folder / path.name)


def write(rows: pd.DataFrame, output: Path) -> None:
    """Writes the splits, and all of it with names."""
    for name in SPLITS:
        (output / name).mkdir(parents=True, exist_ok=True)
        chosen = rows[rows["split"] == name].drop(columns=["match", "split"])
        chosen.to_csv(output / name / "shots.csv", header=False, index=False, float_format="%.6g")
    (output / "shots").mkdir(exist_ok=True)
    rows.to_parquet(output / "shots" / "shots.parquet", index=False)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Reads, judges and writes; returns the metrics.

    Raises:
        JobError: there are no matches, or too few that can be used.
    """
    matches = PROVIDERS[args.provider].matches(args.input)
    found = list(readings(matches, args.provider, args.processes))
    set_aside = [each for each in found if each.reason]
    document = [{"match": each.match, "checks": [asdict(one) for one in each.checks]} for each in found]
    write_json(args.output / "matches" / "matches.json", document)
    reasons = {each.match: each.reason for each in set_aside}
    write_json(args.output / "matches" / "set_aside.json", reasons)
    rows = table(found)
    write(rows, args.output)
    good = [files for files, each in zip(matches, found, strict=True) if not each.reason]
    keep(good[-1], args.output / "last")
    counts = rows["split"].value_counts()
    metrics = {
        "matches": len(found),
        "matches_set_aside": len(set_aside),
        "set_aside_fraction": len(set_aside) / len(found),
        "shots": len(rows),
        "shots_unplaced": sum(each.unplaced for each in found),
        "goals": int(rows[LABEL].sum()),
        "goal_rate": float(rows[LABEL].mean()),
        "penalties": int(rows["penalty"].sum()),
        **{f"shots_{name}": int(counts[name]) for name in SPLITS},
    }
    write_json(args.output / "metrics" / "metrics.json", metrics)
    return metrics


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Makes rows of features of the shots of many matches.")
    add = parser.add_argument
    add("--input", type=Path, required=True, help="folder with the files of matches")
    add("--provider", choices=list(PROVIDERS), default="sportec", help="who made them, as kloppy names it")
    add("--output", type=Path, required=True, help="folder to write to")
    add("--processes", type=number(int, 1, 64), default=os.cpu_count() or 1, help="that read matches")
    args = parser.parse_args(argv)
    return run_job(lambda: print(json.dumps(run(args))))


if __name__ == "__main__":
    sys.exit(main())
