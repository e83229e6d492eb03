"""Copies images to the shared volume, as ``<volume>/<name>/train/<class>/`` and ``val/<class>/``.

A script for the image ``elastic``. Several are copied at once, and none but these is held in memory. A data
set that is complete is not copied again; of one that was broken off only what is missing is.
"""

import argparse
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import objects
import refusals
from bounds import number
from data_set import Counts, DataSet
from image_sources import Digits, Item, Prefix
from locations import location, write
from objects import Location
from parts import PARTS

DIGITS = "digits"
AT_ONCE = 64
"""Images for each thread that are waited for before the next ones are listed."""
PROGRESS_SECONDS = 10.0


class Copying:
    """Copies the images of a source."""

    def __init__(self, data_set: DataSet, threads: int) -> None:
        self._data_set, self._threads = data_set, threads
        self._told = time.monotonic()
        self.copied = self.bytes = self.there = 0

    def copy(self, source: Digits | Prefix) -> Counts:
        """Copies what is missing; how many images there are of each part and class."""
        self._data_set.list_anew()
        return {part: self._part(part, source.items(part)) for part in PARTS}

    def _part(self, part: str, items: Iterator[Item]) -> dict[str, int]:
        counts: Counter[str] = Counter()
        objects.client()  # Made here: making it is not for several threads.
        with ThreadPoolExecutor(self._threads) as pool:
            while some := list(islice(items, self._threads * AT_ONCE)):
                waiting: deque[Future[int | None]] = deque(
                    pool.submit(self._put, self._data_set.file(part, item.name), item) for item in some
                )
                while waiting:
                    self._count(waiting.popleft().result(), part)
                self._data_set.list_names(part, [item.name for item in some])
                counts.update(item.name.partition("/")[0] for item in some)
        return dict(sorted(counts.items()))

    @staticmethod
    def _put(file: Path, item: Item) -> int | None:
        """Bytes that were copied; None for an image that is there."""
        if file.is_file() and item.size in (None, file.stat().st_size):
            return None
        partial = file.with_name(f"{file.name}.partial")
        item.write(partial)
        partial.replace(file)
        return file.stat().st_size

    def _count(self, size: int | None, part: str) -> None:
        self.there += size is None
        self.copied += size is not None
        self.bytes += size or 0
        if time.monotonic() - self._told > PROGRESS_SECONDS:
            self._told = time.monotonic()
            copied = f"{self.copied:,} images copied, {self.bytes / 1e9:.2f} GB"
            print(f"{part}: {copied}, {self.there:,} were there", flush=True)


def prepare(args: argparse.Namespace) -> None:
    """Copies and writes the metrics.

    Raises:
        JobError: the source cannot be trained on, or the name is that of another data set.
    """
    begun = time.monotonic()
    source: Digits | Prefix = Digits(args.validation_fraction, args.seed)
    if args.source != DIGITS:
        source = Prefix(Location.parse(args.source), args.validation_labels)
    data_set = DataSet(args.volume / args.name, source.described)
    counts, copying = data_set.begin(), Copying(data_set, args.threads)
    if counts is None:
        source.check()
        counts = copying.copy(source)
        data_set.finish(counts)
    metrics = {
        "classes": len(counts["train"]),
        **{f"{part}_images": sum(counts[part].values()) for part in PARTS},
        "copied": copying.copied,
        "copied_bytes": copying.bytes,
        "seconds": round(time.monotonic() - begun, 1),
        "counts": counts,
    }
    write(metrics, args.metrics, args.kms_key)
    print(*(f"{name}:{value}" for name, value in metrics.items() if name != "counts"), flush=True)


def parser() -> argparse.ArgumentParser:
    """All flags."""
    result = argparse.ArgumentParser(description="Copies images to the shared volume.")
    add = result.add_argument
    add("--source", required=True, help=f"{DIGITS}, or s3://bucket/prefix with train/<class>/ and val/")
    add("--validation-labels", type=location, help="s3://bucket/key of a table, should val/ be flat")
    add("--volume", type=Path, required=True, help="where it is mounted")
    add("--name", required=True, help="of the data set")
    add("--metrics", type=location, required=True, help="s3://bucket/key")
    add("--kms-key", help="that encrypts them")
    add("--validation-fraction", type=number(float, 0, 1, above=True, below=True), default=0.2)
    add("--seed", type=number(int, 0, 2**31 - 1), default=42)
    add("--threads", type=number(int, 1, 64), default=16)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job; returns the exit code."""
    args = parser().parse_args(argv)
    return refusals.run(lambda: prepare(args), args)


if __name__ == "__main__":
    sys.exit(main())
