"""A stream of sound cut into utterances at its pauses, so that memory and delay stay bounded."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pocketsphinx import Endpointer

from media import BYTES_PER_SAMPLE, BYTES_PER_SECOND, SAMPLE_RATE, Pcm

MAX_SECONDS = 20.0
"""Who speaks on without a pause, or music, is cut here."""
SEARCHED_SECONDS = 5.0
"""The cut is made where it is quietest in the last of these."""

_SILENCE = bytes(BYTES_PER_SAMPLE)


@dataclass(frozen=True)
class Utterance:
    """Sound between two pauses. ``start`` is in seconds from the beginning of the media."""

    start: float
    pcm: Pcm

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.pcm) / BYTES_PER_SECOND


class UtteranceSplitter:
    """Cuts the sound of one channel, given block by block."""

    def __init__(self) -> None:
        self._endpointer = Endpointer(sample_rate=SAMPLE_RATE)
        self._waiting = bytearray()
        self._speech: list[Pcm] = []
        self._start = 0.0

    def add(self, block: Pcm) -> Iterator[Utterance]:
        """The utterances that are complete with this block."""
        self._waiting += block
        size = self._endpointer.frame_bytes
        whole = len(self._waiting) // size * size
        for offset in range(0, whole, size):
            yield from self._hear(self._endpointer.process(bytes(self._waiting[offset : offset + size])))
        del self._waiting[:whole]

    def end(self) -> Iterator[Utterance]:
        """What was being said when the sound ended."""
        if self._endpointer.in_speech:
            # The last frame may be short but not empty.
            yield from self._hear(self._endpointer.end_stream(bytes(self._waiting) or _SILENCE))
        if self._speech:
            yield self._take(len(self._speech))

    def _hear(self, speech: Pcm | None) -> Iterator[Utterance]:
        if speech is None:
            return
        if not self._speech:
            self._start = max(self._start, self._endpointer.speech_start)
        self._speech.append(speech)
        if not self._endpointer.in_speech:
            yield self._take(len(self._speech))
        elif len(self._speech) * self._endpointer.frame_length >= MAX_SECONDS:
            yield self._take(self._quietest())

    def _take(self, frames: int) -> Utterance:
        utterance = Utterance(self._start, b"".join(self._speech[:frames]))
        del self._speech[:frames]
        self._start += utterance.seconds
        return utterance

    def _quietest(self) -> int:
        """How many frames there are up to the least loud one among the last."""
        searched = int(SEARCHED_SECONDS / self._endpointer.frame_length)
        energies = [
            float(np.square(np.frombuffer(frame, "<i2").astype(np.float64)).mean())
            for frame in self._speech[-searched:]
        ]
        return len(self._speech) - searched + energies.index(min(energies)) + 1
