"""Amazon Transcribe's result as words and sentences with their times and confidences.

Read are the JSON of a transcription job, with or without channel identification, and that of a call
analytics job:

- https://docs.aws.amazon.com/transcribe/latest/dg/how-input.html#how-it-works-output
- https://docs.aws.amazon.com/transcribe/latest/dg/channel-id-output-batch.html
- https://docs.aws.amazon.com/transcribe/latest/dg/tca-output-batch.html
"""

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from documents import parsed
from failure import JobError

COMMAS = frozenset(",،、，﹐､")  # noqa: RUF001
"""Marks that end no sentence, in any script."""
WORD_COLUMNS = ("file", "channel", "start", "end", "confidence", "word")
SENTENCE_COLUMNS = ("file", "channel", "start", "end", "confidence", "sentence")


class TranscriptError(JobError):
    """A document is not a result of Transcribe; the message names the file and the field."""


@dataclass(frozen=True)
class Word:
    """What was heard from ``start`` to ``end`` seconds, with how sure the recogniser is, from 0 to 1.

    ``channel`` is Transcribe's label (``ch_0``), a participant's role in call analytics (``AGENT``), or None.
    ``mark`` is the punctuation behind the word, mostly none.
    """

    text: str
    start: float
    end: float
    confidence: float
    channel: str | None = None
    mark: str = ""


@dataclass(frozen=True)
class Sentence:
    """Words of one channel up to a mark that is no comma."""

    words: Sequence[Word]

    @property
    def text(self) -> str:
        """As it is read, with its punctuation."""
        return " ".join(word.text + word.mark for word in self.words)

    @property
    def start(self) -> float:
        """Seconds."""
        return self.words[0].start

    @property
    def end(self) -> float:
        """Seconds."""
        return self.words[-1].end

    @property
    def confidence(self) -> float:
        """The mean of its words'."""
        return math.fsum(word.confidence for word in self.words) / len(self.words)

    @property
    def channel(self) -> str | None:
        """Of all of its words."""
        return self.words[0].channel


@dataclass(frozen=True)
class Transcript:
    """``parts`` are turns of a call, or channels, or the whole: no sentence goes on from one to the next."""

    parts: Sequence[Sequence[Word]]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Of a JSON file.

        Raises:
            TranscriptError: the file is not JSON in UTF-8, or not a result of Transcribe.
        """
        return parsed(path, cls.of, TranscriptError)

    @classmethod
    def of(cls, document: object) -> Self:
        """Of the JSON document of a transcription or call analytics job.

        Raises:
            TranscriptError: a field is missing or holds what it cannot hold.
        """
        return cls([words for words in _parts(_Field(document)) if words])

    @cached_property
    def words(self) -> Sequence[Word]:
        """In the order of their beginnings, of all channels."""
        return sorted((word for part in self.parts for word in part), key=lambda word: word.start)

    @cached_property
    def sentences(self) -> Sequence[Sentence]:
        """In the order of their beginnings, of all channels."""
        found = (sentence for part in self.parts for sentence in _sentences(part))
        return sorted(found, key=lambda sentence: sentence.start)

    @property
    def text(self) -> str:
        """All sentences on one line."""
        return " ".join(sentence.text for sentence in self.sentences)

    def document(self) -> dict[str, Any]:
        """Text, words and sentences, for JSON."""
        sentences = [
            {
                "text": sentence.text,
                "start": sentence.start,
                "end": sentence.end,
                "confidence": round(sentence.confidence, 6),
                "channel": sentence.channel,
            }
            for sentence in self.sentences
        ]
        return {"text": self.text, "words": [asdict(word) for word in self.words], "sentences": sentences}


def write_words(path: Path, transcripts: Iterable[tuple[str, Transcript]]) -> None:
    """One row for each word; transcripts are pairs of a file's name and its content, taken one by one."""
    rows = (
        (name, word.channel, word.start, word.end, word.confidence, word.text)
        for name, transcript in transcripts
        for word in transcript.words
    )
    _write(path, WORD_COLUMNS, rows)


def write_sentences(path: Path, transcripts: Iterable[tuple[str, Transcript]]) -> None:
    """One row for each sentence, with the mean confidence of its words."""
    rows = (
        (name, found.channel, found.start, found.end, round(found.confidence, 6), found.text)
        for name, transcript in transcripts
        for found in transcript.sentences
    )
    _write(path, SENTENCE_COLUMNS, rows)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _sentences(words: Sequence[Word]) -> Iterator[Sentence]:
    sentence: list[Word] = []
    for word in words:
        sentence.append(word)
        if not COMMAS.issuperset(word.mark):
            yield Sentence(sentence)
            sentence = []
    if sentence:
        yield Sentence(sentence)


@dataclass(frozen=True)
class _Field:
    """A value of the document, which knows where it stands."""

    value: Any
    path: str = ""

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and self.value.get(key) is not None

    def __getitem__(self, key: str) -> "_Field":
        path = f"{self.path}.{key}".lstrip(".")
        if not isinstance(self.value, dict) or key not in self.value:
            raise TranscriptError(f"{path} is missing: this is not a result of Amazon Transcribe.")
        return _Field(self.value[key], path)

    def each(self) -> Iterator["_Field"]:
        if not isinstance(self.value, list):
            raise TranscriptError(f"{self.path} is not a list.")
        return (_Field(value, f"{self.path}[{index}]") for index, value in enumerate(self.value))

    def first(self) -> "_Field":
        found = next(self.each(), None)
        if found is None:
            raise TranscriptError(f"{self.path} is empty.")
        return found

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            raise TranscriptError(f"{self.path} is {self.value!r}, not a text.")
        return self.value

    def number(self, high: float = math.inf) -> float:
        """AWS writes most numbers as strings."""
        try:
            value = math.nan if isinstance(self.value, bool) else float(self.value)
        except (TypeError, ValueError):
            value = math.nan
        if not (0 <= value <= high and math.isfinite(value)):
            bounds = "of at least 0" if high == math.inf else f"from 0 to {high:g}"
            raise TranscriptError(f"{self.path} is {self.value!r}, not a number {bounds}.")
        return value


def _parts(document: _Field) -> Iterator[list[Word]]:
    if "Transcript" in document:
        for turn in document["Transcript"].each():
            role = turn["ParticipantRole"].text()
            yield _words(_analytics_item(item, role) for item in turn["Items"].each())
        return
    results = document["results"]
    if "channel_labels" not in results:
        yield _words(_item(item, None) for item in results["items"].each())
        return
    for channel in results["channel_labels"]["channels"].each():
        label = channel["channel_label"].text()
        yield _words(_item(item, label) for item in channel["items"].each())


def _words(items: Iterable[Word | str]) -> list[Word]:
    """Each mark goes to the word before it; one that no word precedes belongs to nothing."""
    words: list[Word] = []
    for item in items:
        if isinstance(item, Word):
            words.append(item)
        elif words:
            words[-1] = replace(words[-1], mark=words[-1].mark + item)
    return words


def _item(item: _Field, channel: str | None) -> Word | str:
    best = item["alternatives"].first()
    if _is_mark(item["type"]):
        return best["content"].text()
    start, end = item["start_time"], item["end_time"]
    return _word(best["content"], start, end, best["confidence"], channel)


def _analytics_item(item: _Field, role: str) -> Word | str:
    if _is_mark(item["Type"]):
        return item["Content"].text()
    start, end = item["BeginOffsetMillis"], item["EndOffsetMillis"]
    word = _word(item["Content"], start, end, item["Confidence"], role)
    return replace(word, start=word.start / 1000, end=word.end / 1000)


def _is_mark(kind: _Field) -> bool:
    if kind.value not in {"pronunciation", "punctuation"}:
        raise TranscriptError(f"{kind.path} is {kind.value!r}, neither 'pronunciation' nor 'punctuation'.")
    return bool(kind.value == "punctuation")


def _word(content: _Field, start: _Field, end: _Field, confidence: _Field, channel: str | None) -> Word:
    if end.number() < start.number():
        raise TranscriptError(f"{end.path} is {end.value!r}, before the start at {start.value!r}.")
    return Word(content.text(), start.number(), end.number(), confidence.number(1), channel)
