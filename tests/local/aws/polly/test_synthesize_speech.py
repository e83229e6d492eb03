"""SynthesizeSpeech as a client sees it, with the real synthesiser."""

from array import array
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from include.devices.doorbell import greeting
from local.aws.server import LocalAws
from tests.local.conftest import connect

LOUD = 5_000
"""The largest sample of speech, of at most 32,767."""


@pytest.fixture(scope="module")
def polly(tmp_path_factory):
    # The environment of the synthesiser is installed once.
    home: Path = tmp_path_factory.mktemp("polly")
    with LocalAws(home=home / "aws", images=home / "images") as server:
        yield connect(server.endpoint_url, "polly")


def _speak(polly: Any, text: str, **options):
    request = {"OutputFormat": "pcm", "VoiceId": "Joanna", "Text": text} | options
    answer = polly.synthesize_speech(**request)
    return answer, answer["AudioStream"].read()


def _refusal(polly, **options):
    with pytest.raises(ClientError) as refused:
        _speak(polly, options.pop("Text", "Hello."), **options)
    return refused.value.response["Error"]


def _seconds(samples: bytes, rate: int = 16_000) -> float:
    return len(samples) / 2 / rate


def test_a_longer_text_is_longer_speech(polly):
    answer, short = _speak(polly, "Hello.")
    assert answer["ContentType"] == "audio/pcm"
    assert answer["RequestCharacters"] == 6
    _, long = _speak(polly, "Hello, and welcome to the house. Please leave a message.")
    assert 0.3 < _seconds(short) < 2 < _seconds(long) < 8
    assert max(array("h", short)) > LOUD


@pytest.mark.parametrize(
    ("output_format", "content_type", "start"),
    [
        ("mp3", "audio/mpeg", (b"\xff", b"ID3")),
        ("ogg_vorbis", "audio/ogg", (b"OggS",)),
        ("ogg_opus", "audio/ogg", (b"OggS",)),
    ],
)
def test_speech_comes_encoded(polly, output_format, content_type, start):
    answer, encoded = _speak(polly, "Hello, how are you today?", OutputFormat=output_format)
    _, samples = _speak(polly, "Hello, how are you today?")
    assert answer["ContentType"] == content_type
    assert encoded.startswith(start)
    assert 1_000 < len(encoded) < len(samples)


def test_the_sample_rate_is_the_one_asked_for(polly):
    _, fine = _speak(polly, "The same sentence.", SampleRate="16000")
    _, coarse = _speak(polly, "The same sentence.", SampleRate="8000")
    assert _seconds(coarse, 8_000) == pytest.approx(_seconds(fine), abs=0.01)


def test_voices_sound_different(polly):
    assert _speak(polly, "Hello.")[1] != _speak(polly, "Hello.", VoiceId="Matthew")[1]


def test_a_break_is_silence_of_that_length(polly):
    _, without = _speak(polly, "<speak>Hello you</speak>", TextType="ssml")
    answer, broken = _speak(polly, "<speak>Hello <break time='2s'/>you</speak>", TextType="ssml")
    assert answer["RequestCharacters"] == len("Hello you")
    assert _seconds(broken) - _seconds(without) == pytest.approx(2, abs=0.5)


def test_slow_prosody_takes_longer(polly):
    _, usual = _speak(polly, "<speak>Please leave a message</speak>", TextType="ssml")
    slow_text = "<speak><prosody rate='x-slow'>Please leave a message</prosody></speak>"
    _, slow = _speak(polly, slow_text, TextType="ssml")
    assert _seconds(slow) > 1.2 * _seconds(usual)


def test_markup_in_plain_text_is_text(polly):
    answer, _ = _speak(polly, "<speak>Hello</speak>")
    assert answer["RequestCharacters"] == len("<speak>Hello</speak>")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"Text": "x" * 3_001}, "TextLengthExceededException"),
        ({"Text": f"<speak>{'<s>x</s>' * 750}</speak>", "TextType": "ssml"}, "TextLengthExceededException"),
        ({"SampleRate": "22050"}, "InvalidSampleRateException"),
        ({"Text": "Hello", "TextType": "ssml"}, "InvalidSsmlException"),
        ({"Engine": "generative", "VoiceId": "Ivy"}, "EngineNotSupportedException"),
        ({"SpeechMarkTypes": ["word"]}, "MarksNotSupportedForFormatException"),
        ({"OutputFormat": "json", "SpeechMarkTypes": ["word"]}, "ValidationException"),
        ({"OutputFormat": "flac"}, "ValidationException"),
        ({"VoiceId": "Nobody"}, "ValidationException"),
        ({"LexiconNames": ["names"]}, "ValidationException"),
    ],
)
def test_what_cannot_be_spoken_is_refused(polly, options, code):
    error = _refusal(polly, **options)
    assert error["Code"] == code
    assert error["Message"]


def test_the_longest_text_is_spoken(polly):
    answer, samples = _speak(polly, "word " * 600)
    assert answer["RequestCharacters"] == 3_000
    assert _seconds(samples) > 60


def test_a_doorbell_gets_its_greeting(polly, tmp_path):
    greeting.make(polly, "Hello, please leave a message.", tmp_path / "greeting.mp3")
    assert (tmp_path / "greeting.mp3").read_bytes().startswith((b"\xff", b"ID3"))
