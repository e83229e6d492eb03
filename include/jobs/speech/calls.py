"""Calls of an agent and a customer: how well each sentence was heard, without and with a vocabulary.

The reference has a line for each sentence, with its speaker before a colon: ``Agent : How can I help?``
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from alignment import cut, document, totals
from pages import render
from transcripts import Transcript
from word_errors import Sentence, WordErrors, normalise

LINE = re.compile(r"(?P<speaker>[^\s:]+) ?:\s*(?P<words>.*)")


@dataclass(frozen=True)
class Line:
    """A sentence of the reference; the words are normalised."""

    speaker: str
    words: str


@dataclass(frozen=True)
class Comparison:
    """The lines of a reference and how each was heard. The errors of all sentences are in the same order."""

    lines: Sequence[Line]
    errors: Mapping[str, WordErrors]
    """By what the transcript is called, such as ``without`` and ``with vocabulary``."""

    def document(self) -> dict[str, Any]:
        """Totals of each transcript, and each sentence with what every transcript has of it, for JSON."""
        sentences = [
            {
                "number": index + 1,
                "speaker": line.speaker,
                "heard": {name: document(errors.sentences[index]) for name, errors in self.errors.items()},
            }
            for index, line in enumerate(self.lines)
        ]
        return {
            "totals": {name: totals(errors) for name, errors in self.errors.items()},
            "sentences": sentences,
        }


def labelled_lines(transcript: Transcript, roles: Mapping[str, str] | None = None) -> str:
    """A transcript as lines of a reference: consecutive sentences of one speaker on a line.

    Args:
        transcript: with channels or participants.
        roles: a label of the transcript -> the speaker's name. Without it, ``AGENT`` is called ``Agent``.

    Raises:
        ValueError: the transcript has neither channels nor participants.
    """
    lines = []
    for label, sentences in groupby(transcript.sentences, key=lambda sentence: sentence.channel):
        if label is None:
            raise ValueError("The transcript does not tell speakers apart: identify its channels.")
        speaker = (roles or {}).get(label, label.capitalize())
        lines.append(f"{speaker} : " + " ".join(sentence.text for sentence in sentences) + "\n")
    return "".join(lines)


def compare(reference: str, heard: Mapping[str, str]) -> Comparison:
    """Transcripts of a call against its reference.

    Each speaker's words are aligned by themselves, so it does not matter where a transcript changes from
    one speaker to the other; speakers' names are no words, and punctuation does not count.

    Args:
        reference: labelled lines.
        heard: name of a transcript -> its labelled lines.

    Raises:
        ValueError: a line has no label, the reference has no words, or a transcript has a speaker whom the
            reference does not know.
    """
    lines = [line for line in _lines("reference", reference) if line.words]
    if not lines:
        raise ValueError("The reference has no words: an error rate is a share of them.")
    return Comparison(lines, {name: _errors(lines, _lines(name, text)) for name, text in heard.items()})


def page(found: Mapping[str, Any], *, title: str, facts: Mapping[str, object] | None = None) -> str:
    """The document of a comparison as HTML that needs no other file."""
    return render("call_report.html", found=found, title=title, facts=facts or {})


def _lines(name: str, text: str) -> list[Line]:
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        match = LINE.fullmatch(line.strip())
        if match:
            found.append(Line(match["speaker"].capitalize(), normalise(match["words"])))
        elif line.strip():
            raise ValueError(f"Line {number} of {name!r} names no speaker: begin it as in 'Agent : Hello.'")
    return found


def _errors(lines: Sequence[Line], heard: Sequence[Line]) -> WordErrors:
    speakers = dict.fromkeys(line.speaker for line in lines)
    if strange := [line.speaker for line in heard if line.speaker not in speakers]:
        raise ValueError(f"{strange[0]!r} speaks in the transcript, but in the reference only {[*speakers]}.")
    sentences: dict[int, Sentence] = {}
    for speaker in speakers:
        places = [index for index, line in enumerate(lines) if line.speaker == speaker]
        words = " ".join(line.words for line in heard if line.speaker == speaker)
        sentences.update(zip(places, cut([lines[index].words for index in places], words), strict=True))
    return WordErrors([sentences[index] for index in range(len(lines))])
