"""Polly's voices, by the voice of eSpeak NG that speaks for each."""

from collections.abc import Mapping
from typing import Any

from moto.polly.resources import VOICE_DATA

from local.aws.services.polly.errors import EngineNotSupportedError, ValidationError

ENGINES = ("standard", "neural")
"""One synthesiser answers for both."""
LANGUAGES = {
    "ar-AE": "ar",
    "arb": "ar",
    "cmn-CN": "cmn",
    "cy-GB": "cy",
    "en-GB": "en-gb-x-rp",
    "en-IE": "en-gb",
    "en-US": "en-us",
    "es-MX": "es-419",
    "es-US": "es-419",
    "fr-BE": "fr-be",
    "pt-BR": "pt-br",
    "yue-CN": "yue",
}
"""Where eSpeak NG's name is not the first part of Polly's."""
VARIANTS = {
    "Female": ("f3", "f2", "f4", "f1", "f5"),
    "Male": ("m3", "m1", "m2", "m4", "m5", "m6", "m7", "m8"),
}
"""Voices of one language and gender differ as long as there are variants."""

_VOICES: Mapping[str, Mapping[str, Any]] = {str(voice["Id"]): voice for voice in VOICE_DATA}


def espeak_voice(voice_id: str, engine: str, language: str | None = None) -> str:
    """The language and variant that speak for a voice, such as ``en-us+f3``.

    Raises:
        ValidationError: the voice is not in the local AWS, or does not speak the language.
        EngineNotSupportedError: AWS does not have the voice on this engine, or the engine is not here.
    """
    voice = _VOICES.get(voice_id)
    if voice is None:
        raise ValidationError(f"The local AWS has no voice {voice_id}: {', '.join(sorted(_VOICES))}.")
    _check_engine(voice, engine)
    spoken = [voice["LanguageCode"], *voice.get("AdditionalLanguageCodes", ())]
    if language and language not in spoken:
        raise ValidationError(f"The voice {voice_id} speaks {', '.join(spoken)}, not {language}.")
    code = language or spoken[0]
    return f"{LANGUAGES.get(code, code.split('-', maxsplit=1)[0])}+{_variant(voice)}"


def _check_engine(voice: Mapping[str, Any], engine: str) -> None:
    has = voice["SupportedEngines"]
    if engine not in has:
        raise EngineNotSupportedError(
            f"This voice does not support the selected engine: {engine}. {voice['Id']} has {', '.join(has)}."
        )
    if engine not in ENGINES:
        raise EngineNotSupportedError(
            f"The local AWS has no engine {engine}: its synthesiser answers for {' and '.join(ENGINES)}."
        )


def _variant(voice: Mapping[str, Any]) -> str:
    alike = [
        each["Id"]
        for each in VOICE_DATA
        if (each["LanguageCode"], each["Gender"]) == (voice["LanguageCode"], voice["Gender"])
    ]
    variants = VARIANTS[voice["Gender"]]
    return variants[alike.index(voice["Id"]) % len(variants)]
