"""Makes people who never lived, women among them wronged: ``python -m include.samples.income_bias.generate``.

The people are those of the training workflow's sample, whose income does not depend on sex. Then a known bias
is planted, of two kinds: women lose jobs that pay well, and some of their high incomes are labelled low. The
file looks like UCI Adult: 15 columns, no header, a blank after each comma, ``?`` for what is not known.
"""

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from include.samples import csv_sample
from include.samples.training_workflow.generate import SCHOOLING, person, pick

ROWS = 3_000
SEED = 20_260_102
SAMPLE = Path(__file__).parent / "adult.csv"
MOVED = {"Exec-managerial", "Prof-specialty"}
"""Well-paid occupations, which women lose at this rate, and their income with them."""
MOVED_SHARE = 0.5
MOVED_TO = "Other-service"
RELABELLED_SHARE = 1 / 3
"""Of the women with a high income so many are labelled low."""
RACES = {"White": 0.85, "Black": 0.1, "Asian-Pac-Islander": 0.03, "Amer-Indian-Eskimo": 0.01, "Other": 0.01}
SCHOOL_YEARS = {name: 6 + place for place, name in enumerate(sorted(SCHOOLING, key=SCHOOLING.__getitem__))}
CONSTANT = {
    "marital_status": "Never-married",
    "relationship": "Not-in-family",
    "native_country": "United-States",
}
UCI_ORDER = (
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation"),
    *("relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country"),
    "income",
)


def lines(count: int, seed: int = SEED) -> Iterator[str]:
    """As many rows, without a header."""
    draw = random.Random(seed)  # noqa: S311  # a sample, not a secret
    for _ in range(count):
        row = wronged(person(draw), draw)
        yield ", ".join(row[column] for column in UCI_ORDER)


def wronged(row: Mapping[str, str], draw: random.Random) -> dict[str, str]:
    """The row with all of UCI's columns, and with what is done to women."""
    found = {
        **row,
        **CONSTANT,
        "education_num": str(SCHOOL_YEARS[row["education"]]),
        "race": pick(draw, RACES),
    }
    moved, relabelled = draw.random() < MOVED_SHARE, draw.random() < RELABELLED_SHARE
    if row["sex"] == "Female":
        if row["occupation"] in MOVED and moved:
            found |= {"occupation": MOVED_TO, "income": "<=50K"}
        if relabelled:
            found["income"] = "<=50K"
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the sample; returns the exit code."""
    return csv_sample.main(
        argv, "Makes synthetic census rows with a planted bias.", lines, rows=ROWS, seed=SEED, sample=SAMPLE
    )


if __name__ == "__main__":
    sys.exit(main())
