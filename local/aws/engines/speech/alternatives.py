"""What else each word may have been: the words of other hypotheses that stand in its place."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True)
class Alternative:
    """A word and how likely it is, from 0 to 1."""

    text: str
    confidence: float


def alternatives(
    best: list[tuple[str, float]], others: Iterable[list[str]], wanted: int
) -> list[list[Alternative]]:
    """For each word of the best hypothesis the word itself, then those of other hypotheses in its place.

    What the best word's posterior probability leaves over is shared among the others by the rank of the
    hypotheses that have them (a hypothesis of rank r counts 1 / r), and none is likelier than the best.

    Args:
        best: the words and their posterior probabilities.
        others: other hypotheses, the best first.
        wanted: how many alternatives a word has at most, itself included.
    """
    weights: list[dict[str, float]] = [defaultdict(float) for _ in best]
    words = [text for text, _ in best]
    for rank, other in enumerate(others, 1):
        for place, word in _substitutions(words, other):
            weights[place][word] += 1 / rank
    return [
        [Alternative(text, confidence), *_shares(found, confidence, wanted - 1)]
        for (text, confidence), found in zip(best, weights, strict=True)
    ]


def _substitutions(words: list[str], other: list[str]) -> Iterable[tuple[int, str]]:
    """Places and words where as many words were replaced by as many others."""
    for kind, start, end, other_start, other_end in SequenceMatcher(
        None, words, other, autojunk=False
    ).get_opcodes():
        if kind == "replace" and end - start == other_end - other_start:
            yield from zip(range(start, end), other[other_start:other_end], strict=True)


def _shares(weights: dict[str, float], confidence: float, wanted: int) -> list[Alternative]:
    chosen = sorted(weights.items(), key=lambda item: -item[1])[:wanted]
    total = sum(weights.values())
    return [Alternative(text, min(confidence, (1 - confidence) * w / total)) for text, w in chosen]
