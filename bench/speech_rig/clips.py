"""``clips.py RECORDINGS COUNT OUTPUT``: cuts recordings at their pauses, as the engine does, into WAV files.

Runs in the environment of the speech engine, with its modules on the path. RECORDINGS is a folder whose FLAC
files are taken in order, and again if they hold fewer than COUNT utterances. OUTPUT is a folder.
"""

import sys
import wave
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import media
from utterances import Utterance, UtteranceSplitter


def utterances(recordings: Path) -> Iterator[Utterance]:
    """What is said in each recording."""
    for path in sorted(recordings.rglob("*.flac")):
        source = media.inspect(path, media_format=None, sample_rate=None, separate_channels=False)
        splitter = UtteranceSplitter()
        for (block,) in source.blocks(separate_channels=False):
            yield from splitter.add(block)
        yield from splitter.end()


def main(recordings: str, count: str, output: str) -> None:
    """Writes ``clip-000.wav`` and so on: 16 bits, one channel."""
    for number, utterance in enumerate(islice(cycle(utterances(Path(recordings))), int(count))):
        with wave.open(str(Path(output) / f"clip-{number:03}.wav"), "wb") as clip:
            clip.setparams((1, media.BYTES_PER_SAMPLE, media.SAMPLE_RATE, 0, "NONE", ""))
            clip.writeframes(utterance.pcm)


if __name__ == "__main__":
    main(*sys.argv[1:])
