"""Polly: SynthesizeSpeech really speaks; what moto knows of voices and lexicons stays.

The synthesiser is eSpeak NG in a process of its own (``local/aws/engines/polly``): every voice of Polly has
a voice of its language and gender there, which sounds like a machine whatever the engine.
"""

import json
from typing import TYPE_CHECKING

from moto.polly.responses import PollyResponse

from local.aws.services.polly.request import parse
from local.aws.services.polly.synthesis import Synthesiser

if TYPE_CHECKING:
    from local.aws.server import LocalAws

CONTENT_TYPES = {
    "mp3": "audio/mpeg",
    "ogg_vorbis": "audio/ogg",
    "ogg_opus": "audio/ogg",
    "pcm": "audio/pcm",
    "mulaw": "audio/basic",
    "alaw": "audio/x-alaw-basic",
}


def install(aws: "LocalAws") -> None:
    """Replaces moto's answer of eight zero bytes."""
    synthesiser = Synthesiser(aws.images)

    def speech(self: PollyResponse) -> tuple[bytes, dict[str, str]]:
        wanted = parse(json.loads(self.body))
        headers = {
            "Content-Type": CONTENT_TYPES[wanted.output_format],
            "x-amzn-RequestCharacters": str(wanted.billed_characters),
        }
        return synthesiser.speak(wanted), headers

    PollyResponse.speech = speech  # type: ignore[assignment, method-assign]
