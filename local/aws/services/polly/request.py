"""A request to speak, checked by Polly's rules.

https://docs.aws.amazon.com/polly/latest/dg/API_SynthesizeSpeech.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.model import OperationModel
from botocore.session import get_session

from local.aws.constraints import broken
from local.aws.services.polly import ssml
from local.aws.services.polly.errors import (
    InvalidSampleRateError,
    MarksNotSupportedForFormatError,
    TextLengthExceededError,
    ValidationError,
)
from local.aws.services.polly.voices import espeak_voice

MOST_BILLED, MOST_CHARACTERS = 3_000, 6_000
"""Of one text: tags of SSML are not billed, but counted in the second limit."""

MUSIC_RATES = ("8000", "16000", "22050", "24000", "44100", "48000")
RATES = {
    "mp3": MUSIC_RATES,
    "ogg_vorbis": MUSIC_RATES,
    "ogg_opus": ("48000",),
    "pcm": ("8000", "16000"),
    "mulaw": ("8000",),
    "alaw": ("8000",),
}
DEFAULT_RATES = {"pcm": "16000", "ogg_opus": "48000", "mulaw": "8000", "alaw": "8000"}
"""Of formats that do not come at the engine's own rate by default."""
ENGINE_RATES = {"standard": "22050", "neural": "24000"}


@dataclass(frozen=True)
class Speech:
    """What to speak, and how."""

    text: str
    is_ssml: bool
    voice: str
    """eSpeak NG's name."""
    output_format: str
    rate: int
    """Samples a second."""
    billed_characters: int


@cache
def _model() -> OperationModel:
    return get_session().get_service_model("polly").operation_model("SynthesizeSpeech")


def parse(request: Mapping[str, Any]) -> Speech:
    """The speech that a request of SynthesizeSpeech asks for.

    Raises:
        local.aws.services.polly.errors.PollyError: AWS refuses the request, or nothing here can serve it.
    """
    if message := broken(_model(), request):
        raise ValidationError(message)
    _check_supported(request)
    engine = request.get("Engine", "standard")
    voice = espeak_voice(request["VoiceId"], engine, request.get("LanguageCode"))
    text, is_ssml = request["Text"], request.get("TextType") == "ssml"
    _check_length(text, MOST_CHARACTERS)
    # Polly bills what is spoken, so a document is read before it is measured.
    billed = ssml.spoken_characters(text) if is_ssml else len(text)
    _check_length(billed, MOST_BILLED)
    return Speech(text, is_ssml, voice, request["OutputFormat"], _rate(request, engine), billed)


def _check_supported(request: Mapping[str, Any]) -> None:
    if request["OutputFormat"] == "json":
        raise ValidationError("The local AWS makes no speech marks: ask for audio, such as mp3.")
    if request.get("SpeechMarkTypes"):
        raise MarksNotSupportedForFormatError("Speech marks are not supported for the output format.")
    if names := request.get("LexiconNames"):
        raise ValidationError(f"The local AWS applies no lexicons: leave {', '.join(names)} out.")


def _check_length(text: str | int, most: int) -> None:
    length = text if isinstance(text, int) else len(text)
    if length > most:
        raise TextLengthExceededError(
            f"Maximum text length has been exceeded: {length:,} characters, at most {most:,} are taken."
        )


def _rate(request: Mapping[str, Any], engine: str) -> int:
    wanted = request["OutputFormat"]
    rate = request.get("SampleRate") or DEFAULT_RATES.get(wanted, ENGINE_RATES[engine])
    if rate not in RATES[wanted]:
        raise InvalidSampleRateError(
            f"The specified sample rate {rate} is not valid for {wanted}: {', '.join(RATES[wanted])}."
        )
    return int(rate)
