"""Where the errors of each sentence are, when the transcript's sentences end elsewhere than the reference's.

Recognisers set their own line ends. So both texts are aligned as a whole, and the way from one to the other
is cut where a line of the reference ends. What was heard between two lines belongs to the earlier one, but to
the later one where that begins with a word that was misheard: "sage maker" may stand for its "SageMaker".
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from word_errors import Pair, Sentence, WordErrors, align, kind, normalise

ABSENT = "***"


def by_sentence(reference: str, heard: str) -> WordErrors:
    """The errors in each line of a reference, normalised.

    Raises:
        ValueError: the reference has no words.
    """
    lines = [words for line in reference.splitlines() if (words := normalise(line))]
    if not lines:
        raise ValueError("The reference has no words: an error rate is a share of them.")
    return WordErrors(cut(lines, normalise(heard)))


def cut(lines: Sequence[str], heard: str) -> list[Sentence]:
    """The alignment of a whole text, a part for each line of its reference.

    Args:
        lines: each with words, which are compared as they are.
        heard: the hypothesis of all lines.
    """
    ends = [*accumulate(len(line.split()) for line in lines)]
    parts: list[list[Pair]] = [[] for _ in lines]
    current, seen = 0, 0
    inserted: list[Pair] = []
    for pair in align(" ".join(lines), heard).pairs:
        if pair[0] is None:
            inserted.append(pair)
            continue
        line = bisect_right(ends, seen)
        parts[line if kind(pair) == "substitution" else current] += inserted
        parts[line].append(pair)
        current, seen, inserted = line, seen + 1, []
    parts[current] += inserted
    return [Sentence(pairs) for pairs in parts]


def document(sentence: Sentence) -> dict[str, Any]:
    """Counts and the two lines, for JSON; what is not there is marked, and each pair has its kind."""
    said = " ".join(reference or ABSENT for reference, _ in sentence.pairs)
    heard = " ".join(word or ABSENT for _, word in sentence.pairs)
    pairs = [{"ref": pair[0], "hyp": pair[1], "kind": kind(pair)} for pair in sentence.pairs]
    return {**sentence.counts(), "ref": said, "hyp": heard, "pairs": pairs}


def totals(errors: WordErrors) -> dict[str, Any]:
    """Rates and counts of all sentences together."""
    rates = {"wer": errors.wer, "wrr": errors.wrr, "ser": errors.ser}
    return {**rates, **errors.counts, "sentences": len(errors.sentences), "wrong": errors.wrong_sentences}
