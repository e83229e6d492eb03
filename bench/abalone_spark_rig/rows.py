"""Many abalone rows from the few that are shipped."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).resolve().parents[2] / "include" / "samples" / "abalone" / "abalone.csv"
ROWS_PER_OBJECT = 250_000
NOISE = 0.02
"""Standard deviation of the factor by which an animal is larger than the one that it is made from."""


def rows(count: int, seed: int = 1) -> Iterator[str]:
    """Lines of CSV: a shipped animal, all its measures made larger or smaller alike."""
    draw = random.Random(seed)
    animals = [line.split(",") for line in SAMPLE.read_text().splitlines()]
    measured = [(sex, [float(value) for value in values], rings) for sex, *values, rings in animals]
    for number in range(count):
        sex, values, rings = measured[number % len(measured)]
        factor = max(0.5, draw.gauss(1.0, NOISE))
        yield f"{sex},{','.join([f'{value * factor:.4f}' for value in values])},{rings}\n"


def upload(s3: Any, bucket: str, prefix: str, count: int) -> int:
    """Puts the rows into objects of ROWS_PER_OBJECT; the bytes of all."""
    lines, size = rows(count), 0
    for number in range(-(-count // ROWS_PER_OBJECT)):
        take = min(ROWS_PER_OBJECT, count - number * ROWS_PER_OBJECT)
        body = "".join(next(lines) for _ in range(take)).encode()
        s3.put_object(Bucket=bucket, Key=f"{prefix}/abalone-{number:03}.csv", Body=body)
        size += len(body)
    return size
