"""Words as the items of a transcript, with the ends of sentences where the speaker paused."""

from collections.abc import Iterator
from typing import Any

from alternatives import Alternative
from decoder import Word

SENTENCE_PAUSE_SECONDS = 0.5
"""A pause as long as this ends a sentence: the decoder itself hears no punctuation."""


class Transcript:
    """What was said on one channel."""

    def __init__(self, channel: int) -> None:
        self._channel = channel
        self._words: list[tuple[float, Word]] = []

    def add(self, start: float, words: list[Word]) -> None:
        """Adds what was heard in the utterance that began at ``start``, in seconds."""
        self._words += [(start, word) for word in words]

    def items(self) -> Iterator[dict[str, Any]]:
        """Words and full stops in the order of their times."""
        end = None
        for offset, word in self._words:
            if end is not None and offset + word.start - end >= SENTENCE_PAUSE_SECONDS:
                yield self._full_stop(end)
            end = offset + word.end
            yield self._item("pronunciation", offset + word.start, end, word.alternatives)
        if end is not None:
            yield self._full_stop(end)

    def _full_stop(self, time: float) -> dict[str, Any]:
        return self._item("punctuation", time, time, [Alternative(".", 0.0)])

    def _item(self, kind: str, start: float, end: float, choices: list[Alternative]) -> dict[str, Any]:
        return {
            "channel": self._channel,
            "type": kind,
            "start": round(start, 2),
            "end": round(end, 2),
            "content": choices[0].text,
            "confidence": round(choices[0].confidence, 4),
            "alternatives": [{"content": c.text, "confidence": round(c.confidence, 4)} for c in choices],
        }
