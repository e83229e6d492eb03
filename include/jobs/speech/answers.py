"""What people heard: the answers of A2I's human loops, and one text where several people answered.

The format: https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-output-data.html
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import jiwer

from documents import parsed
from failure import JobError
from word_errors import normalise

FIELD = "transcript"
"""The answer's field, named by the worker template."""


class AnswerError(JobError):
    """A document is not the output of a human loop of these tasks; the message says why."""


@dataclass(frozen=True)
class LoopOutput:
    """What a human loop left: answers as they were typed, in the order of submission, without blank ones."""

    loop: str
    answers: Sequence[str]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Of an ``output.json``.

        Raises:
            AnswerError: the file is not JSON in UTF-8, or not the output of a human loop.
        """
        return parsed(path, cls.of, AnswerError)

    @classmethod
    def of(cls, document: object) -> Self:
        """Of the JSON document.

        Raises:
            AnswerError: a field is missing or holds what it cannot hold.
        """
        loop, given = _get(document, "humanLoopName", str), _get(document, "humanAnswers", list)
        submitted = sorted(given, key=lambda answer: _get(answer, "submissionTime", str))
        typed = [_get(_get(answer, "answerContent", dict), FIELD, str) for answer in submitted]
        return cls(loop, [" ".join(text.split()) for text in typed if text.strip()])


@dataclass(frozen=True)
class Answer:
    """What one review task brought. ``agreeing`` of the ``answers`` say the same as ``text``."""

    task: Mapping[str, Any]
    text: str
    answers: Sequence[str]
    agreeing: int


@dataclass(frozen=True)
class Review:
    """All tasks, in their order: the answered ones, and the names of the loops nobody answered."""

    answers: Sequence[Answer]
    unanswered: Sequence[str]

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def collect(tasks: Mapping[str, Mapping[str, Any]], outputs: Iterable[LoopOutput]) -> Review:
    """The answers to review tasks.

    Args:
        tasks: name of the human loop -> its input content.
        outputs: of those loops that left one.

    Raises:
        AnswerError: an output belongs to none of the tasks, or two belong to one.
    """
    found: dict[str, LoopOutput] = {}
    for output in outputs:
        if output.loop not in tasks:
            raise AnswerError(f"Human loop {output.loop!r} is none of the {len(tasks)} that were started.")
        if output.loop in found:
            raise AnswerError(f"Human loop {output.loop!r} has two outputs.")
        found[output.loop] = output
    given = {loop: found[loop].answers if loop in found else [] for loop in tasks}
    answers = [_answer(tasks[loop], typed) for loop, typed in given.items() if typed]
    return Review(answers, [loop for loop, typed in given.items() if not typed])


def agreed(answers: Sequence[str]) -> str:
    """The text that more than half of the answers have but for case and punctuation; typed as most of these.

    Without a majority, the answer from which the others differ least: the least sum of their word error
    rates with it as the reference. Of equals, the first. There is at least one answer.
    """
    groups = Counter(map(_compared, answers))
    common, number = groups.most_common(1)[0]
    if 2 * number > len(answers):
        return Counter(text for text in answers if _compared(text) == common).most_common(1)[0][0]
    return min(answers, key=lambda text: _distance(text, answers))


def _answer(task: Mapping[str, Any], answers: Sequence[str]) -> Answer:
    text = agreed(answers)
    agreeing = sum(_compared(each) == _compared(text) for each in answers)
    return Answer(task, text, answers, agreeing)


def _compared(text: str) -> str:
    """A term may be typed with hyphens or without them; a text of punctuation alone stays what it is."""
    return normalise(text.replace("-", " ")) or text


def _distance(text: str, others: Sequence[str]) -> float:
    return sum(float(jiwer.wer(_compared(text), _compared(other))) for other in others)


def _get(document: object, key: str, kind: type) -> Any:
    if not isinstance(document, dict) or not isinstance(document.get(key), kind):
        raise AnswerError(f"{key!r} is missing or not of type {kind.__name__}: no output of a human loop.")
    return document[key]
