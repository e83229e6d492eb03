"""How sure a word error rate is, and the difference of two, by resampling sentences.

Bisani and Ney, "Bootstrap estimates for confidence intervals in ASR performance evaluation", ICASSP 2004.
Errors of one sentence depend on each other and those of different sentences do not: so whole sentences are
drawn with replacement. Two recognisers are compared on the same drawn sentences, which is why small
differences show that their two separate intervals would hide.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.float64]
AT_ONCE = 1_000_000
"""Sentences drawn at once, which bounds the memory."""


@dataclass(frozen=True)
class Interval:
    """An estimate and where it lies with the confidence of ``level``."""

    estimate: float
    low: float
    high: float
    level: float

    def document(self) -> dict[str, float]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Difference(Interval):
    """The second rate less the first; ``improves`` is the share of drawn samples in which it is lower."""

    improves: float


def word_error_rate(
    errors: Sequence[int], words: Sequence[int], *, samples: int = 10_000, level: float = 0.95, seed: int = 0
) -> Interval:
    """The rate of one recogniser with its percentile interval.

    Args:
        errors: of each sentence.
        words: of each sentence's reference.
        samples: how often to draw as many sentences as there are.
        level: share of the samples inside the interval.
        seed: the same seed gives the same interval.

    Raises:
        ValueError: fewer than two sentences, sequences of different lengths, a sentence without words, or a
            level that is not between 0 and 1.
    """
    rates = _drawn([errors], words, samples, level, seed)[0]
    return Interval(sum(errors) / sum(words), *_bounds(rates, level), level)


def difference(
    errors: Sequence[int],
    other: Sequence[int],
    words: Sequence[int],
    *,
    samples: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> Difference:
    """The rate of ``other`` less that of ``errors``, both of the same sentences: negative where it is better.

    Arguments and errors are those of `word_error_rate`.
    """
    first, second = _drawn([errors, other], words, samples, level, seed)
    drawn = second - first
    estimate = (sum(other) - sum(errors)) / sum(words)
    return Difference(estimate, *_bounds(drawn, level), level, float((drawn < 0).mean()))


def _drawn(
    errors: Sequence[Sequence[int]], words: Sequence[int], samples: int, level: float, seed: int
) -> Counts:
    """Rates of each drawn sample: a row for each recogniser."""
    _check(errors, words, samples, level)
    table = np.array([words, *errors], dtype=np.float64)
    sums = np.concatenate(
        [table[:, drawn].sum(axis=2) for drawn in _draws(len(words), samples, seed)], axis=1
    )
    rates: Counts = sums[1:] / sums[0]
    return rates


def _draws(sentences: int, samples: int, seed: int) -> Iterator[npt.NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    batch = max(1, AT_ONCE // sentences)
    for done in range(0, samples, batch):
        yield random.integers(sentences, size=(min(batch, samples - done), sentences))


def _check(errors: Sequence[Sequence[int]], words: Sequence[int], samples: int, level: float) -> None:
    if len(words) < 2:  # noqa: PLR2004
        raise ValueError(f"An interval needs at least two sentences, not {len(words)}: split the references.")
    if any(len(each) != len(words) for each in errors):
        raise ValueError(
            f"Errors of {[len(each) for each in errors]} sentences do not fit {len(words)} references."
        )
    if min(words) < 1:
        raise ValueError(
            f"Sentence {[*words].index(min(words)) + 1} of the references has no words: leave it out."
        )
    if not 0 < level < 1 or samples < 1:
        raise ValueError(
            f"A level of {level} and {samples} samples: give one between 0 and 1, and at least 1."
        )


def _bounds(drawn: Counts, level: float) -> tuple[float, float]:
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
