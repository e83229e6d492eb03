"""The shipped recordings are what their texts say, small, and of use for what they are made for."""

import shutil
import struct
from pathlib import Path
from typing import NamedTuple

import pytest

from include.samples import speech
from include.samples.speech import RECORDINGS, SAMPLES, Recording, record, sentences
from include.samples.spoken import SPOKEN, spoken

MOST_BYTES = 6_000_000
LECTURES = SAMPLES / "transcript_improvement"
LANGUAGE_MODEL = SAMPLES / "custom_language_model"


class Stream(NamedTuple):
    """What a FLAC file says of itself: https://www.rfc-editor.org/rfc/rfc9639#section-8.2."""

    rate: int
    channels: int
    bits: int
    seconds: float
    digest: bytes
    """Of the decoded samples."""


def _stream(file: Path) -> Stream:
    data = file.read_bytes()[:42]
    assert data[:4] == b"fLaC"
    (packed,) = struct.unpack(">Q", data[18:26])
    rate, channels, bits = packed >> 44, (packed >> 41 & 0x7) + 1, (packed >> 36 & 0x1F) + 1
    return Stream(rate, channels, bits, (packed & 0xF_FFFF_FFFF) / rate, data[26:42])


def _lines(folder: Path) -> list[str]:
    return [line for file in sorted(folder.rglob("*.txt")) for line in file.read_text().splitlines()]


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.path)
def test_a_recording_lies_beside_its_text(recording):
    stream = _stream(SAMPLES / f"{recording.path}.flac")
    assert (stream.rate, stream.channels, stream.bits) == (recording.rate, len(recording.voices), 16)
    words = len((SAMPLES / f"{recording.path}.txt").read_text().split())
    assert 100 < words / stream.seconds * 60 < 250


def test_every_recording_has_a_text_that_makes_it():
    assert {file.relative_to(SAMPLES).with_suffix("").as_posix() for file in SAMPLES.rglob("*.flac")} == {
        recording.path for recording in RECORDINGS
    }


def test_the_recordings_are_small():
    assert sum(file.stat().st_size for file in SAMPLES.rglob("*.flac")) < MOST_BYTES


def test_the_lectures_share_terms_and_no_sentence():
    inside, outside = (_lines(LECTURES / folder) for folder in ("in_sample", "out_of_sample"))
    assert not set(inside) & set(outside)
    known, used = ({term for term in SPOKEN if term in " ".join(lines)} for lines in (inside, outside))
    assert len(known & used) > 0.8 * len(used)


def test_held_out_sentences_are_in_neither_corpus():
    held_out, *corpora = (set(_lines(LANGUAGE_MODEL / name)) for name in ("held_out", "training", "tuning"))
    assert len(held_out) == 30
    assert not any(held_out & corpus for corpus in corpora)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("An EC2 instance with S3.", "An E C two instance with S three."),
        ("No terms in ECS3 or XGBoosted.", "No terms in ECS3 or XGBoosted."),
    ],
)
def test_terms_are_said_as_a_lecturer_says_them(written, said):
    assert spoken(written) == said


def test_a_line_of_a_call_names_its_speaker():
    assert list(sentences("Agent : Hello.\nCustomer : Hi.", ["Agent", "Customer"])) == [
        ("Agent", "Hello."),
        ("Customer", "Hi."),
    ]
    with pytest.raises(ValueError, match=r"Line 1 is 'Hello\.'"):
        list(sentences("Hello.", ["Agent", "Customer"]))


@pytest.mark.skipif(not all(map(shutil.which, ("flite", "sox"))), reason="flite or sox is not installed")
@pytest.mark.parametrize("path", ["voice_message/front_door", "call_transcription/support_call"])
def test_the_text_makes_the_recording_again(tmp_path, path):
    [recording] = [recording for recording in RECORDINGS if recording.path == path]
    made = record(recording, tmp_path)
    assert _stream(made) == _stream(SAMPLES / f"{path}.flac")


def test_a_missing_synthesiser_is_said_to_be_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(speech.CannotSpeakError, match="no program flite: install it"):
        record(Recording("voice_message/front_door", {"": "slt"}), tmp_path)
