"""Makes a world of live radio: ``python generate.py --events 100000 --until 2026-11-22 --output FOLDER``.

Under ``--output``:

- ``YYYY/MM/DD/HH/amp-events-1-....gz``: JSON lines by the hour (UTC) in which they arrive
- ``world.json``: the world's numbers, and until which day it is there

A later call with a later ``--until`` adds the days that are missing. The README states what is in a line.
"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

from delivery import deliver
from population import creators, save_taste, users
from target import Target, TargetError, target
from world import FEWEST_DAYS, FEWEST_EVENTS, MOST_DAYS, MOST_EVENTS, World

STATE = "world.json"
SEED = 42
MOST_PROCESSES = 64


class OtherWorldError(Exception):
    """Something else stands at the target. The message is one sentence for the user."""


@dataclass(frozen=True)
class Standing:
    """A world at its target."""

    world: World
    until: date
    """The first day whose arrivals are not there."""

    def document(self) -> bytes:
        """As it is kept."""
        content = self.world.document() | {"until": self.until.isoformat()}
        return (json.dumps(content, indent=2) + "\n").encode()

    @classmethod
    def parse(cls, content: bytes) -> "Standing":
        """Raises KeyError, TypeError or ValueError for what is no world."""
        given = json.loads(content)
        seed, events, days = (int(given[name]) for name in ("seed", "events", "days"))
        world = World(seed, events, days, date.fromisoformat(given["first_day"]))
        return cls(world, date.fromisoformat(given["until"]))

    def __str__(self) -> str:
        world = self.world
        return (
            f"seed {world.seed}, {world.events} events in {world.days} days from {world.first_day}, "
            f"there until {self.until}"
        )


def standing(place: Target, name: str) -> Standing | None:
    """The world at a target; None if there is none.

    Raises:
        OtherWorldError: what is kept there is none, or there are objects of no world: what real listeners did
            must not be mixed with what is made up.
        TargetError: the target cannot be read.
    """
    content = place.get(STATE)
    if content is None:
        if not place.is_empty():
            raise OtherWorldError(
                f"{name} holds objects, and no {STATE} says that they are of a world. Made-up events are not "
                "put beside others: give a place where nothing is, or take what has arrived."
            )
        return None
    try:
        return Standing.parse(content)
    except (KeyError, TypeError, ValueError) as error:
        raise OtherWorldError(
            f"{STATE} at {name} is no world's ({error!r}): give another --output."
        ) from error


def chosen(there: Standing | None, asked: World, name: str) -> Standing:
    """What to go on with: the world at the target, or an empty one.

    Raises:
        OtherWorldError: the one at the target is not the one that is asked for.
    """
    if there is None:
        return Standing(asked, asked.first_day)
    if replace(asked, first_day=there.world.first_day) != there.world:
        raise OtherWorldError(
            f"{name} holds another world ({there}) than the one asked for (seed {asked.seed}, {asked.events} "
            f"events in {asked.days} days): give its numbers, or another --output."
        )
    return there


def add_days(
    there: Standing, until: date, place: str, *, processes: int, kms_key: str | None, progress: bool
) -> Counter[str]:
    """Writes the arrivals of the days that are missing until a day; returns what `deliver` counted."""
    world, store = there.world, target(place, kms_key)
    # First, so that a call that is killed leaves the numbers that its objects are made from.
    store.put(STATE, there.document())
    store.finish()
    start, end = world.index(there.until), world.index(until)
    blocks = min(processes, end - start)
    edges = [start + (end - start) * number // blocks for number in range(blocks + 1)]
    block = partial(_block, world, place, kms_key, progress)
    if blocks == 1:
        counts = block((start, end))
    else:
        with ProcessPoolExecutor(blocks) as pool:
            counts = sum(pool.map(block, pairwise(edges)), Counter())
    store.put(STATE, Standing(world, until).document())
    store.finish()
    return counts


def _block(
    world: World, place: str, kms_key: str | None, progress: bool, days: tuple[int, int]
) -> Counter[str]:
    def tell(sentence: str) -> None:
        if progress:
            print(sentence, flush=True)

    return deliver(world, target(place, kms_key), days, tell)


def number(low: int, high: int) -> Callable[[str], int]:
    """An argparse type: a whole number between two bounds."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{value} is not at least {low} and at most {high}")
        return value

    return parse


def day(text: str) -> date:
    """An argparse type: a day as ``2026-11-22``."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-11-22") from None


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line's."""
    parser = argparse.ArgumentParser(description="Makes the events of a live radio that does not exist.")
    add = parser.add_argument
    events = number(FEWEST_EVENTS, MOST_EVENTS)
    add("--events", type=events, required=True, help=f"{FEWEST_EVENTS} to {MOST_EVENTS}, in --days days")
    add("--days", type=number(FEWEST_DAYS, MOST_DAYS), default=60, help="over which the events are spread")
    add("--until", type=day, required=True, help="the day (UTC) before which everything has arrived")
    add("--seed", type=number(0, 2**32 - 1), default=SEED, help="another seed makes another world")
    add("--output", required=True, help="folder or S3 URI to write to")
    add("--processes", type=number(1, MOST_PROCESSES), default=1, help="that share the days")
    add("--metrics", type=Path, help="JSON file to write counts to")
    add("--taste", type=Path, help="file (npz) to write the hidden taste to: for tests, never for training")
    add("--kms-key", help="that encrypts the objects in S3; without it the bucket's own encryption counts")
    add("--progress", action="store_true", help="tell about every day")
    return parser.parse_args(argv)


def work(args: argparse.Namespace) -> None:
    """Makes what is asked for.

    Raises:
        OtherWorldError: something else stands at the target.
        TargetError: the target cannot be read or written.
    """
    asked = World(args.seed, args.events, args.days, args.until - timedelta(days=args.days))
    there = chosen(standing(target(args.output), args.output), asked, args.output)
    counts: Counter[str] = Counter()
    if args.until > there.until:
        ways = {"processes": args.processes, "kms_key": args.kms_key, "progress": args.progress}
        counts = add_days(there, args.until, args.output, **ways)
    else:
        print(f"Nothing to add: {args.output} holds the world until {there.until} already.")
    last = max(there.world.index(max(args.until, there.until)) - 1, 0)
    people = {"users": there.world.joined(last), "creators": there.world.creators}
    days = {"days": max((args.until - there.until).days, 0)}
    metrics = {name: counts[name] for name in COUNTS} | dict(sorted(counts.items())) | people | days
    print(json.dumps(metrics))
    if args.metrics:
        args.metrics.parent.mkdir(parents=True, exist_ok=True)
        args.metrics.write_text(json.dumps(metrics, indent=2) + "\n")
    if args.taste:
        makers = creators(there.world)
        save_taste(args.taste, users(there.world, makers, last), makers)


COUNTS = ("lines", "events", "late", "repeated", "malformed", "skewed", "shows", "objects", "bytes")
"""What the metrics have also when there was nothing to add."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    args = arguments(argv)
    try:
        work(args)
    except (OtherWorldError, TargetError) as error:
        # SageMaker takes the reason from here.
        message = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "output" / "message"
        if message.parent.parent.is_dir():
            message.parent.mkdir(exist_ok=True)
            message.write_text(str(error))
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
