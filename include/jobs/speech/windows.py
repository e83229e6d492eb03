"""What people are asked to listen to: words that the recogniser is unsure of, and the words around them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from transcripts import Word

THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True)
class Window:
    """A review task: consecutive words of one channel, from ``start`` to ``end`` seconds.

    ``low`` are those of the words that are under the threshold; ``before`` and ``after`` are what stands
    around the window, to be read and not listened to.
    """

    start: float
    end: float
    words: Sequence[Word]
    low: Sequence[Word]
    before: Sequence[Word] = ()
    after: Sequence[Word] = ()

    @property
    def text(self) -> str:
        """What was heard."""
        return _text(self.words)


@dataclass(frozen=True)
class TaskCount:
    """What a threshold costs and catches: ``tasks`` of ``seconds`` of media in all, ``low`` words."""

    threshold: float
    tasks: int
    low: int
    seconds: float


def windows(words: Iterable[Word], threshold: float, context: int) -> list[Window]:
    """One window for each word under the threshold; those that share a word are merged.

    Args:
        words: of one file, in the order of their beginnings.
        threshold: a word is low when its confidence is less.
        context: words on each side, of the same channel.

    Returns:
        In the order of their beginnings.
    """
    by_channel = sorted(words, key=lambda word: word.channel or "")
    found = [
        _window(channel, first, last, threshold, context)
        for channel in (list(group) for _, group in groupby(by_channel, key=lambda word: word.channel))
        for first, last in _spans(channel, threshold, context)
    ]
    return sorted(found, key=lambda window: window.start)


def task_counts(words: Sequence[Word], thresholds: Sequence[float], context: int) -> list[TaskCount]:
    """What each threshold would cost and catch in one file."""
    return [_count(threshold, windows(words, threshold, context)) for threshold in thresholds]


def total(counts: Iterable[Sequence[TaskCount]]) -> list[TaskCount]:
    """Of several files, which were counted at the same thresholds."""
    return [
        TaskCount(
            each[0].threshold,
            sum(count.tasks for count in each),
            sum(count.low for count in each),
            round(sum(count.seconds for count in each), 3),
        )
        for each in zip(*counts, strict=True)
    ]


def task_input(window: Window, *, media: str, file: str) -> dict[str, Any]:
    """What the worker page gets of a window: the input content of a human loop."""
    return {
        "media": media,
        "start": window.start,
        "end": window.end,
        "heard": window.text,
        "before": _text(window.before),
        "after": _text(window.after),
        "file": file,
    }


def _spans(words: Sequence[Word], threshold: float, context: int) -> Iterator[tuple[int, int]]:
    """First and last index of each window; low words are near when their contexts share a word."""
    low = [index for index, word in enumerate(words) if word.confidence < threshold]
    first = 0
    for position, index in enumerate(low):
        if position == 0 or index - low[position - 1] > 2 * context:
            first = index
        if position + 1 == len(low) or low[position + 1] - index > 2 * context:
            yield max(0, first - context), min(len(words) - 1, index + context)


def _window(words: Sequence[Word], first: int, last: int, threshold: float, context: int) -> Window:
    inside = tuple(words[first : last + 1])
    return Window(
        min(word.start for word in inside),
        max(word.end for word in inside),
        inside,
        tuple(word for word in inside if word.confidence < threshold),
        tuple(words[max(0, first - context) : first]),
        tuple(words[last + 1 : last + 1 + context]),
    )


def _count(threshold: float, found: Sequence[Window]) -> TaskCount:
    seconds = sum(window.end - window.start for window in found)
    return TaskCount(threshold, len(found), sum(len(window.low) for window in found), round(seconds, 3))


def _text(words: Iterable[Word]) -> str:
    return " ".join(word.text for word in words)
