"""Deals records out to the objects of shards, shuffles each object, and reads what has come of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import examples
import tfrecords
from examples import Place
from failure import JobError
from parts import EVALUATION, TRAIN, VALIDATION, Fractions
from shards import Layout
from sources import Source
from staging import Staging

ONLY = "part-00000.tfrecord"
"""The object of records that have no shards."""


@dataclass(frozen=True)
class Dealt:
    """An object that was written, as it was read again.

    Attributes:
        part: what it is for.
        name: of its file, below the part's folder.
        rank: whose shard it is in; None where there are no shards.
        records: in it.
        checksum: the sum over the records as they came in.
    """

    part: str
    name: str
    rank: int | None
    records: int
    checksum: int


def deal(source: Source, fractions: Fractions, layout: Layout, output: Path, seed: int) -> list[Dealt]:
    """Writes all objects.

    Raises:
        JobError: an object has other records than were written.
        RecordError: an object cannot be read as it was written.
    """
    staging, targets = Staging(output / "_staging"), layout.targets(seed)
    for (_, payload), part in zip(source(), fractions.draw(seed), strict=False):
        if part == TRAIN:
            target = next(targets)
            staging.add(f"{target.rank}-{target.number}", payload)
        else:
            staging.add(part, payload)
    dealt = []
    for target, first in layout.all_targets():
        payloads = list(staging.take(f"{target.rank}-{target.number}"))
        np.random.default_rng([seed, target.rank, target.number]).shuffle(payloads)
        name = f"{target.rank}/{target.name}"
        count = len(payloads)
        places = [Place(target.rank, first + n, target.name, count - n - 1) for n in range(count)]
        _write(output / TRAIN / name, map(examples.placed, payloads, places))
        dealt.append(_read(output, TRAIN, name, places))
    for part in (VALIDATION, EVALUATION):
        _write(output / part / ONLY, staging.take(part))
        dealt.append(_read(output, part, ONLY))
    staging.close()
    return dealt


def _write(file: Path, payloads: Iterator[bytes]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as stream:
        stream.writelines(map(tfrecords.frame, payloads))


def _read(output: Path, part: str, name: str, places: Sequence[Place] = ()) -> Dealt:
    records = checksum = 0
    with (output / part / name).open("rb") as stream:
        for records, record in enumerate(tfrecords.read(stream), start=1):
            if places and examples.place_of(record.payload) != places[records - 1]:
                raise JobError(f"Record {records:,} of {part}/{name} is another one: nothing is kept.")
            checksum += tfrecords.masked(examples.as_it_came(record.payload))
    return Dealt(part, name, places[0].rank if places else None, records, checksum)
