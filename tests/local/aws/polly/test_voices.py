"""Who speaks for Polly's voices."""

import pytest
from moto.polly.resources import VOICE_DATA

from local.aws.services.polly.errors import EngineNotSupportedError, ValidationError
from local.aws.services.polly.voices import ENGINES, espeak_voice


def test_a_voice_has_the_language_and_the_gender_of_pollys():
    assert espeak_voice("Joanna", "standard").startswith("en-us+f")
    assert espeak_voice("Matthew", "neural").startswith("en-us+m")
    assert espeak_voice("Marlene", "standard").startswith("de+f")


def test_voices_of_one_language_and_gender_differ():
    assert len({espeak_voice(name, "standard") for name in ("Joanna", "Kendra", "Salli")}) == 3


def test_a_bilingual_voice_speaks_the_language_asked_for():
    assert espeak_voice("Aditi", "standard").startswith("en+")
    assert espeak_voice("Aditi", "standard", "hi-IN").startswith("hi+")


def test_every_voice_speaks_on_one_of_the_engines_here():
    assert all(espeak_voice(v["Id"], e) for v in VOICE_DATA for e in ENGINES if e in v["SupportedEngines"])


@pytest.mark.parametrize(
    ("arguments", "error", "reason"),
    [
        (("Nobody", "standard"), ValidationError, "no voice Nobody"),
        (("Joanna", "standard", "de-DE"), ValidationError, "Joanna speaks en-US, not de-DE"),
        (("Ivy", "generative"), EngineNotSupportedError, "does not support the selected engine: generative"),
        (("Danielle", "standard"), EngineNotSupportedError, "Danielle has long-form, neural"),
        (("Danielle", "long-form"), EngineNotSupportedError, "The local AWS has no engine long-form"),
    ],
)
def test_what_is_not_there_is_said(arguments, error, reason):
    with pytest.raises(error, match=reason):
        espeak_voice(*arguments)
