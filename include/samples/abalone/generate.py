"""Makes abalone that never lived: ``python -m include.samples.abalone.generate``.

The rows have the columns, ranges and rough correlations of the UCI Abalone data, and come from formulas
alone; none is a measurement. The README beside this file states the relations.
"""

import math
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from include.samples import csv_sample

ROWS = 4_000
SEED = 20_260_101
SAMPLE = Path(__file__).parent / "abalone.csv"
FEWEST_RINGS, MOST_RINGS = 1, 29
MATURE_AGE = 8.0
"""Years at which half of the animals can be told male from female."""


def rows(count: int, seed: int = SEED) -> Iterator[str]:
    """``count`` lines: sex, length, diameter, height, four weights, rings.

    Lengths are in units of 200 mm and weights in units of 200 g, as in the UCI data.
    """
    draw = random.Random(seed)  # noqa: S311  # a sample, not a secret
    for _ in range(count):
        yield animal(draw)


def animal(draw: random.Random) -> str:
    """One line. Age comes first; size, weights and rings follow from it."""
    age = min(max(draw.lognormvariate(math.log(9.3), 0.32), 1.0), 28.0)
    length = 0.64 * (1 - math.exp(-0.22 * (age - 0.2))) * draw.lognormvariate(0, 0.10)
    length = min(max(length, 0.075), 0.815)
    diameter = length * draw.gauss(0.795, 0.02)
    height = length * draw.gauss(0.265, 0.02) * (1 + 0.006 * age)
    whole = 5.35 * length**3 * draw.lognormvariate(0, 0.12)
    # An older animal has a heavier shell for its size, and so less meat.
    shell = whole * min(0.19 + 0.009 * age, 0.40) * draw.lognormvariate(0, 0.07)
    shucked = (whole - shell) * draw.gauss(0.60, 0.035)
    viscera = (whole - shell) * draw.gauss(0.30, 0.025)
    rings = min(max(round(age + draw.gauss(0, 0.8)), FEWEST_RINGS), MOST_RINGS)
    sizes = [f"{round(value / 0.005) * 0.005:g}" for value in (length, diameter, height)]
    weights = [f"{max(value, 0.0005):.4f}" for value in (whole, shucked, viscera, shell)]
    return ",".join([sex(draw, age), *sizes, *weights, str(rings)])


def sex(draw: random.Random, age: float) -> str:
    """I for an infant, less likely with age; else M or F, nearly even."""
    if draw.random() < 1 / (1 + math.exp(0.9 * (age - MATURE_AGE))):
        return "I"
    return "M" if draw.random() < 0.54 else "F"  # noqa: PLR2004


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the sample; returns the exit code."""
    return csv_sample.main(
        argv, "Makes synthetic abalone measurements.", rows, rows=ROWS, seed=SEED, sample=SAMPLE
    )


if __name__ == "__main__":
    sys.exit(main())
