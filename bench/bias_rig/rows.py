"""People who never lived, with an income, a prediction of it and numbers to find their like by."""

import random
from pathlib import Path

HEADER = "sex,occupation,income,predicted,age,education_num,hours_per_week,capital_gain,capital_loss"
WOMEN, GAINS, LOSSES = 0.33, 0.08, 0.05
"""Shares of the rows."""
OCCUPATIONS = ("Sales", "Tech-support", "Craft-repair", "Exec-managerial", "Adm-clerical")


def write(path: Path, count: int, seed: int = 1) -> None:
    """Writes CSV with a header."""
    draw = random.Random(seed)
    with path.open("w") as stream:
        stream.write(HEADER + "\n")
        stream.writelines(_line(draw) for _ in range(count))


def _line(draw: random.Random) -> str:
    woman, skill = draw.random() < WOMEN, draw.random()
    income = draw.random() < skill * (0.35 if woman else 0.7)
    predicted = draw.random() < (0.8 * skill if income else 0.1)
    gain = draw.randrange(100, 20_000) if draw.random() < GAINS else 0
    loss = draw.randrange(100, 4_000) if draw.random() < LOSSES else 0
    fields = (
        *("Female" if woman else "Male", draw.choice(OCCUPATIONS), int(income), int(predicted)),
        *(draw.randrange(17, 91), 1 + int(15 * skill), draw.randrange(5, 91), gain, loss),
    )
    return ",".join(map(str, fields)) + "\n"
