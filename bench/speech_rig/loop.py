"""``loop.py CLIPS``: transcribes a folder of clips one after the other with one decoder; prints JSON.

Runs in the environment of the speech engine, with its modules on the path. Loading the model is not part of
``decoding``, which is in seconds as ``loading`` and ``media`` are.
"""

import json
import sys
import time
from pathlib import Path

import media
from decoder import Decoder
from language_model import LanguageModel
from transcript import Transcript
from utterances import UtteranceSplitter


def transcribe(path: Path, decoder: Decoder) -> float:
    """Hears a clip, as the engine's own program does; returns the seconds that it lasts."""
    source = media.inspect(path, media_format=None, sample_rate=None, separate_channels=False)
    transcript, splitter, size = Transcript(0), UtteranceSplitter(), 0
    for (block,) in source.blocks(separate_channels=False):
        size += len(block)
        for utterance in splitter.add(block):
            transcript.add(utterance.start, decoder.words(utterance.pcm))
    for utterance in splitter.end():
        transcript.add(utterance.start, decoder.words(utterance.pcm))
    list(transcript.items())
    return size / media.BYTES_PER_SECOND


def main(clips: str) -> None:
    """Prints one line."""
    started = time.monotonic()
    decoder = Decoder(LanguageModel.generic())
    loaded = time.monotonic()
    seconds = sum(transcribe(path, decoder) for path in sorted(Path(clips).glob("*.wav")))
    decoding = time.monotonic() - loaded
    print(json.dumps({"media": seconds, "loading": loaded - started, "decoding": decoding}))


if __name__ == "__main__":
    main(*sys.argv[1:])
