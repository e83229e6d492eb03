"""Makes matches that were never played: ``python generate.py --matches 40 --output FOLDER``.

Under ``--output``, for each match three files as DFL names them, compressed: what it was, its events, and
positions around its shots. The README states how chances come about and what is wrong on purpose.
With ``--truth`` the true features and the true chance of each shot go to a CSV file: for tests, never for
training.
"""

import argparse
import csv
import gzip
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

import dfl_xml
import shot_features
from clubs import clubs, pairing
from fixtures import Match, draw, features

SEED = 42
MOST_MATCHES = 10_000
TOLD_EVERY = 100
LEVEL = 6
"""Of gzip."""
FAULT_EVERY = 20
"""One match of so many is broken."""
FAULTS = ("result", "cut off", "late")
"""What is wrong with the broken ones, in turn: see the README."""
LATE_FRAMES = 50


def matches(count: int, seed: int) -> Iterator[Match]:
    """The first so many; each is drawn on its own, so it stays the same however many there are."""
    everybody = clubs()
    for number in range(count):
        home, away = pairing(number)
        yield draw(np.random.default_rng([seed, number]), number, everybody[home], everybody[away])


def fault(number: int) -> str | None:
    """What is wrong with a match; None for most."""
    turn, rest = divmod(number, FAULT_EVERY)
    return FAULTS[turn % len(FAULTS)] if rest == FAULT_EVERY // 2 else None


def documents(match: Match, seed: int) -> Iterator[tuple[str, bytes]]:
    """The files of a match by name, with what is wrong with it."""
    rng, wrong = np.random.default_rng([seed, match.number, 1]), fault(match.number)
    home, away = match.result
    positions = "".join(dfl_xml.positions(match, LATE_FRAMES if wrong == "late" else 0))
    texts = {
        "02_01_matchinformation": dfl_xml.information(match, (home + (wrong == "result"), away)),
        "03_02_events_raw": dfl_xml.events(rng, match),
        "04_03_positions_raw_observed": positions[: len(positions) // (2 if wrong == "cut off" else 1)],
    }
    for kind, text in texts.items():
        # Without a time of its own the same text has the same bytes.
        yield f"{dfl_xml.file_name(kind, match)}.gz", gzip.compress(text.encode(), LEVEL, mtime=0)


def truth(match: Match) -> Iterator[list[object]]:
    """A row for each shot: match, true features, the true chance, and whether it was a goal."""
    table = shot_features.table(features(match.situations)).tolist()
    for row, chance, goal in zip(table, match.probability.tolist(), match.is_goal.tolist(), strict=True):
        yield [match.id, *row, chance, int(goal)]


def run(count: int, seed: int, output: Path, truth_file: Path | None) -> dict[str, int]:
    """Writes the sample; returns what it holds."""
    output.mkdir(parents=True, exist_ok=True)
    rows: list[list[object]] = [["match", *shot_features.FEATURES, "probability", shot_features.LABEL]]
    counts = {"matches": count, "shots": 0, "goals": 0, "bytes": 0}
    for match in matches(count, seed):
        for name, content in documents(match, seed):
            (output / name).write_bytes(content)
            counts["bytes"] += len(content)
        counts["shots"] += len(match.outcome)
        counts["goals"] += int(match.is_goal.sum())
        if truth_file:
            rows += truth(match)
        if (match.number + 1) % TOLD_EVERY == 0:
            print(f"{match.number + 1} of {count} matches", flush=True)
    if truth_file:
        with truth_file.open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    return counts


def number(low: int, high: int) -> Callable[[str], int]:
    """An argparse type: a whole number between two bounds."""

    def parse(text: str) -> int:
        value = int(text) if text.isascii() and text.isdigit() else low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return value

    return parse


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Makes football matches that were never played.")
    add = parser.add_argument
    add("--matches", type=number(1, MOST_MATCHES), required=True, help="26 shots each, about")
    add("--seed", type=number(0, 2**31 - 1), default=SEED, help="another seed makes other matches")
    add("--output", type=Path, required=True, help="folder to write to")
    add("--truth", type=Path, help="CSV file to write true chances to: for tests, never for training")
    add("--metrics", type=Path, help="JSON file to write counts to")
    args = parser.parse_args(argv)
    counts = run(args.matches, args.seed, args.output, args.truth)
    print(json.dumps(counts))
    if args.metrics:
        args.metrics.parent.mkdir(parents=True, exist_ok=True)
        args.metrics.write_text(json.dumps(counts, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
