"""Calls of an agent and a customer: how well each sentence was heard, without and with a vocabulary.

The reference has a line for each sentence, with its speaker before a colon: ``Agent : How can I help?``
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from alignment import cut, document, totals
from pages import render
from transcripts import Transcript
from word_errors import Sentence, WordErrors, normalise

TEMPLATE = Path(__file__).with_name("call_report.html")
MOST_SENTENCES = 1000
"""Shown on a page, which says how many are left out."""
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


def together(comparisons: Mapping[str, Comparison]) -> dict[str, Any]:
    """Totals of all calls, and each call with its own totals and sentences, for JSON.

    Args:
        comparisons: by the name of the call, all with the same transcripts; without any there are no totals.
    """
    sentences: dict[str, list[Sentence]] = {}
    for comparison in comparisons.values():
        for name, errors in comparison.errors.items():
            sentences.setdefault(name, []).extend(errors.sentences)
    return {
        "totals": {name: totals(WordErrors(each)) for name, each in sentences.items()},
        "calls": [{"name": name, **comparison.document()} for name, comparison in comparisons.items()],
    }


def metrics(found: Mapping[str, Any]) -> dict[str, float]:
    """The flat numbers of a document of `together`: ``wer_without``, ``words_correct_with``, ..."""
    flat: dict[str, float] = {}
    for name, total in found["totals"].items():
        flat |= {f"{rate}_{name}": round(total[rate], 6) for rate in ("wer", "wrr", "ser")}
        flat |= {f"{kind}_{name}": total[kind] for kind in ("substitutions", "deletions", "insertions")}
        flat[f"words_correct_{name}"] = total["matches"]
        flat |= {"words": total["words"], "sentences": total["sentences"]}
    return flat


def page(
    found: Mapping[str, Any],
    *,
    title: str,
    facts: Mapping[str, object] | None = None,
    recordings: Mapping[str, Mapping[str, Any]] | None = None,
    set_aside: Sequence[Mapping[str, str]] = (),
) -> str:
    """The page of a document of `together`, as HTML that needs no other file.

    Args:
        found: the document.
        title: of the page.
        facts: shown as they are.
        recordings: what each call is, by its name, as ``check_recordings.py`` leaves it.
        set_aside: files with the reason and the remedy, as left there too.
    """
    shown, room = [], MOST_SENTENCES
    for call in found["calls"]:
        shown.append({**call, "sentences": call["sentences"][:room]})
        room -= len(shown[-1]["sentences"])
    return render(
        TEMPLATE,
        found=found,
        title=title,
        facts=facts or {},
        recordings=recordings or {},
        measured={call["name"]: call["totals"] for call in found["calls"]},
        set_aside=set_aside,
        shown=[call for call in shown if call["sentences"]],
        left_out=sum(len(call["sentences"]) for call in found["calls"]) - (MOST_SENTENCES - room),
    )


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
