"""Plays a reviewer through the forms of the review page, as a program can.

The reviewer knows what was said in some recordings, and answers each task with the words of that text that
belong to the seconds of the task, and no others. Which words these are shows the alignment of the text with
what was heard, whose times are known.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local.cli.review import PAGE

JOBS = Path(__file__).parents[2] / "include" / "jobs"
sys.path += [str(JOBS / "speech"), str(JOBS / "shared")]

from transcripts import Transcript  # noqa: E402  # a job's modules are found by their plain names
from word_errors import align, normalise  # noqa: E402

Answer = Callable[[Mapping[str, Any]], str | None]
TOLERANCE = 0.011
"""Seconds: times are written with two digits."""


@dataclass(frozen=True)
class Reference:
    """What was said in a recording, and what was heard of it."""

    said: str
    heard: Transcript

    def between(self, start: float, end: float) -> str:
        """The words that were said from ``start`` to ``end`` seconds, as the text has them."""
        said = self.said.split()
        written = [(word, number) for number, text in enumerate(said) for word in _words(text)]
        heard = [(word, each) for each in self.heard.words for word in _words(each.text)]
        pairs = align(" ".join(word for word, _ in written), " ".join(word for word, _ in heard)).pairs
        numbers, words = (number for _, number in written), (each for _, each in heard)
        found: dict[int, None] = {}
        in_time = False  # What was missed belongs to the word that was heard before it.
        for reference, hypothesis in pairs:
            if hypothesis is not None:
                word = next(words)
                in_time = word.start >= start - TOLERANCE and word.end <= end + TOLERANCE
            number = next(numbers) if reference is not None else None
            if number is not None and in_time:
                found[number] = None
        return " ".join(said[number] for number in found)


def _words(text: str) -> list[str]:
    return normalise(text).split()


def review(url: str, name: str, answer: Answer, is_over: Callable[[], bool], pause: float = 0.5) -> int:
    """Answers whatever comes until it is over; returns how many tasks were answered.

    Args:
        url: of the local AWS.
        name: of the reviewer, who is made.
        answer: the text for a task's input, or None to skip it.
        is_over: asked when no task is open.
        pause: seconds to wait then.
    """
    with httpx.Client(base_url=f"{url}{PAGE}", trust_env=False, timeout=30) as page:
        token = page.post("workers", data={"name": name}).raise_for_status().json()["token"]
        _post(page, "sign-in", name=name, token=token)
        answered = 0
        while True:
            _, found, place = _post(page, "claim").headers["location"].rpartition("/tasks/")
            if not found:
                if is_over():
                    return answered
                time.sleep(pause)
                continue
            task = page.get(f"tasks/{place}.json").raise_for_status().json()
            text = answer(task["input"])
            if text is None:
                _post(page, f"tasks/{place}/skip")
                continue
            _post(page, f"tasks/{place}/submit", answerContent=json.dumps({"transcript": text}))
            answered += 1


def _post(page: httpx.Client, path: str, **fields: str) -> httpx.Response:
    answer = page.post(path, data=fields)
    assert answer.status_code == httpx.codes.SEE_OTHER, f"{path}: {answer.status_code} {answer.text[:300]}"
    return answer
