"""What a record is for: training, validation after each epoch, or evaluation at the end."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

TRAIN, VALIDATION, EVALUATION = "train", "validation", "evaluation"
DRAWN_AT_ONCE = 10_000


@dataclass(frozen=True)
class Fractions:
    """Shares of all records; the rest is trained on."""

    validation: float
    evaluation: float

    def draw(self, seed: int) -> Iterator[str]:
        """The part of one record after the other, without end; the same each time."""
        generator = np.random.default_rng([seed, 1])
        while True:
            for value in generator.random(DRAWN_AT_ONCE):
                if value < self.validation:
                    yield VALIDATION
                elif value < self.validation + self.evaluation:
                    yield EVALUATION
                else:
                    yield TRAIN
