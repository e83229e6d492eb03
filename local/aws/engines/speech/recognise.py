"""``recognise.py REQUEST.json``: transcribes a media file.

The request has ``media``, its path; ``media_format`` and ``sample_rate``, what the caller says it is, or
null; ``separate_channels``; ``vocabulary``, rows with ``phrase``, ``sounds_like``, ``ipa``, ``display_as``;
``language_model``, a folder that train_language_model.py left, or null; ``alternatives``, how many each word
has at most; ``output``, the file to write; and ``progress``, whether to print lines of JSON about it.

Exit codes: 0 done; 3 the media or the vocabulary is at fault and the last line of standard error says how.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import media
from decoder import Decoder
from faults import EXIT_CODE, MediaFault, VocabularyFault
from language_model import LanguageModel
from pronunciation import Pronunciations
from transcript import Transcript
from us_english import DICTIONARY
from utterances import Utterance, UtteranceSplitter
from vocabulary import terms

PROGRESS_SECONDS = 5.0
"""As much of the media is done from one line of progress to the next."""


def main(arguments: list[str]) -> int:
    """Runs one request."""
    request = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    try:
        result = recognise(request)
    except (MediaFault, VocabularyFault) as fault:
        print(fault, file=sys.stderr)
        return EXIT_CODE
    _write(result, Path(request["output"]))
    return 0


def recognise(request: Mapping[str, Any]) -> dict[str, Any]:
    """What was said in the request's media.

    Raises:
        MediaFault: the media cannot be transcribed.
        VocabularyFault: a row of the vocabulary cannot be pronounced.
    """
    separate = request["separate_channels"]
    source = media.inspect(
        Path(request["media"]),
        media_format=request["media_format"],
        sample_rate=request["sample_rate"],
        separate_channels=separate,
    )
    channels = [_Channel(number) for number in range(source.channels if separate else 1)]
    decoder = _decoder(request)
    seconds = reported = 0.0
    for block in source.blocks(separate_channels=separate):
        seconds += len(block[0]) / media.BYTES_PER_SECOND
        for channel, pcm in zip(channels, block, strict=True):
            channel.hear(pcm, decoder, request["alternatives"])
        if request["progress"] and seconds >= reported + PROGRESS_SECONDS:
            reported = seconds
            progress = {"seconds_done": round(seconds, 2), "seconds": source.seconds}
            print(json.dumps(progress), flush=True)
    for channel in channels:
        channel.end(decoder, request["alternatives"])
    return {
        "media_format": source.format,
        "sample_rate": source.sample_rate,
        "channels": source.channels,
        "seconds": round(seconds, 2),
        "items": sorted(
            (item for channel in channels for item in channel.transcript.items()),
            key=lambda item: item["start"],
        ),
    }


class _Channel:
    """The sound of one channel on its way to words."""

    def __init__(self, number: int) -> None:
        self.transcript = Transcript(number)
        self._splitter = UtteranceSplitter()

    def hear(self, pcm: media.Pcm, decoder: Decoder, alternatives: int) -> None:
        for utterance in self._splitter.add(pcm):
            self._understand(utterance, decoder, alternatives)

    def end(self, decoder: Decoder, alternatives: int) -> None:
        for utterance in self._splitter.end():
            self._understand(utterance, decoder, alternatives)

    def _understand(self, utterance: Utterance, decoder: Decoder, alternatives: int) -> None:
        self.transcript.add(utterance.start, decoder.words(utterance.pcm, alternatives))


def _decoder(request: Mapping[str, Any]) -> Decoder:
    folder = request["language_model"]
    model = LanguageModel.load(Path(folder)) if folder else LanguageModel.generic()
    return Decoder(model, terms(request["vocabulary"], Pronunciations(DICTIONARY)))


def _write(result: Mapping[str, Any], output: Path) -> None:
    """In one step, so that nobody reads half of it."""
    partial = output.with_name(f".{output.name}.partial")
    partial.write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")
    partial.replace(output)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
