"""Makes people who never lived: ``python -m include.samples.training_workflow.generate``.

The rows have columns, categories and rough shares of the UCI Adult data, and come from formulas alone; none
is about a person. A few lines are broken and a few rows are strange on purpose, so that there is something to
reject and something to detect. The README beside this file states the relations.
"""

import math
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from include.samples import csv_sample

ROWS = 3_000
SEED = 20_260_101
SAMPLE = Path(__file__).parent / "census.csv"
COLUMNS = (
    *("age", "workclass", "fnlwgt", "education", "occupation", "sex"),
    *("capital_gain", "capital_loss", "hours_per_week", "income"),
)
BROKEN_EVERY = 150
"""One line of so many is broken."""
STRANGE_EVERY = 60
"""One row of so many is strange."""

WORKCLASSES = {
    "Private": 0.70, "Self-emp-not-inc": 0.08, "Local-gov": 0.07, "?": 0.05, "State-gov": 0.04,
    "Self-emp-inc": 0.03, "Federal-gov": 0.03,
}  # fmt: skip
EDUCATIONS = {
    "HS-grad": 0.33, "Some-college": 0.23, "Bachelors": 0.17, "Masters": 0.06, "Assoc-voc": 0.05,
    "11th": 0.05, "Assoc-acdm": 0.04, "10th": 0.03, "Prof-school": 0.02, "Doctorate": 0.02,
}  # fmt: skip
OCCUPATIONS = {
    "Prof-specialty": 0.14, "Craft-repair": 0.14, "Exec-managerial": 0.13, "Adm-clerical": 0.13,
    "Sales": 0.12, "Other-service": 0.11, "Machine-op-inspct": 0.08, "Transport-moving": 0.06,
    "Handlers-cleaners": 0.05, "Tech-support": 0.04,
}  # fmt: skip
SCHOOLING = {
    "Doctorate": 2.0, "Prof-school": 2.0, "Masters": 1.4, "Bachelors": 0.9, "Assoc-acdm": 0.2,
    "Assoc-voc": 0.1, "Some-college": 0.0, "HS-grad": -0.4, "11th": -1.4, "10th": -1.4,
}  # fmt: skip
"""What schooling adds to the log-odds of a high income."""
SKILL = {
    "Exec-managerial": 0.9, "Prof-specialty": 0.6, "Tech-support": 0.4, "Sales": 0.2, "Other-service": -1.0,
    "Handlers-cleaners": -1.0,
}  # fmt: skip
"""What the occupation adds to them; nothing where it is not listed."""
BREAKS: tuple[Mapping[str, str], ...] = (
    {"age": "thirty-eight"},
    {"hours_per_week": "400"},
    {"capital_gain": "-1"},
    {"income": "unknown"},
    {"age": ""},
)
"""What is wrong with the broken lines, in turn."""


def lines(count: int, seed: int = SEED) -> Iterator[str]:
    """A header and ``count`` lines, broken and strange ones included."""
    draw = random.Random(seed)  # noqa: S311  # a sample, not a secret
    yield ",".join(COLUMNS)
    for number in range(1, count + 1):
        row = person(draw)
        if number % STRANGE_EVERY == 0:
            row |= oddity(draw)
        if number % BROKEN_EVERY == 1:
            row |= BREAKS[number // BROKEN_EVERY % len(BREAKS)]
        yield ",".join(row[column] for column in COLUMNS)


def person(draw: random.Random) -> dict[str, str]:
    """One row. Income follows from age, schooling, occupation, hours and gains, not from sex or weight."""
    age = min(max(round(draw.lognormvariate(math.log(37), 0.34)), 17), 90)
    education, occupation = pick(draw, EDUCATIONS), pick(draw, OCCUPATIONS)
    hours = 40 if draw.random() < 0.47 else min(max(round(draw.gauss(41, 12)), 5), 90)  # noqa: PLR2004
    gain = round(draw.lognormvariate(8.3, 0.8)) if draw.random() < 0.08 else 0  # noqa: PLR2004
    loss = round(draw.gauss(1850, 250)) if draw.random() < 0.05 else 0  # noqa: PLR2004
    logit = -2.2 + SCHOOLING[education] + SKILL.get(occupation, 0.0) + 0.04 * (hours - 40)
    # Income rises with age until about fifty.
    logit += 1.2 - ((age - 50) / 18) ** 2 + (1.8 if gain > 5_000 else 0) + (0.6 if loss else 0)  # noqa: PLR2004
    return {
        "age": str(age),
        "workclass": pick(draw, WORKCLASSES),
        "fnlwgt": str(round(draw.lognormvariate(12.0, 0.55))),
        "education": education,
        "occupation": occupation,
        "sex": "Male" if draw.random() < 0.6 else "Female",  # noqa: PLR2004
        "capital_gain": str(gain),
        "capital_loss": str(loss),
        "hours_per_week": str(hours),
        "income": ">50K" if draw.random() < 1 / (1 + math.exp(-logit)) else "<=50K",
    }


def oddity(draw: random.Random) -> dict[str, str]:
    """Values that are possible but unlike anybody's: very old or young, at work day and night, and rich."""
    return {
        "age": str(draw.choice((17, 88, 95, 102))),
        "hours_per_week": str(draw.choice((1, 112, 140))),
        "capital_gain": "99999",
        "capital_loss": str(draw.choice((0, 4356))),
        "fnlwgt": str(draw.choice((12_300, 1_400_000))),
    }


def pick(draw: random.Random, shares: Mapping[str, float]) -> str:
    """One of the categories, by their shares."""
    return draw.choices(list(shares), list(shares.values()))[0]


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the sample; returns the exit code."""
    return csv_sample.main(argv, "Makes synthetic census rows.", lines, rows=ROWS, seed=SEED, sample=SAMPLE)


if __name__ == "__main__":
    sys.exit(main())
