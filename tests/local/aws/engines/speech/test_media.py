"""Which files are transcribed, and what is said of the others."""

import wave
from pathlib import Path

import pytest

from tests.local.aws.engines.speech.conftest import SAGEMAKER, write_silence

KINDS = [
    ("wav", "speech.wav", {"layout": "mono"}),
    ("flac", "speech.flac", {"codec": "flac", "rate": 48000}),
    ("mp3", "speech.mp3", {"codec": "libmp3lame"}),
    ("mp4", "speech.mp4", {"codec": "aac"}),
    ("mp4", "speech.m4a", {"codec": "alac", "layout": "mono"}),
    ("ogg", "speech.ogg", {"codec": "libopus", "rate": 48000}),
    ("webm", "speech.webm", {"codec": "libopus", "rate": 48000}),
    ("amr", "speech.amr", {"codec": "libopencore_amrnb", "rate": 8000, "layout": "mono"}),
]


@pytest.mark.parametrize(("kind", "name", "options"), KINDS, ids=[name for _, name, _ in KINDS])
def test_every_kind_of_media_becomes_the_same_sound(engine, tmp_path, kind, name, options):
    heard = engine.answer("hear.py", engine.convert(SAGEMAKER, tmp_path / name, **options), "mixed")
    original = engine.answer("hear.py", SAGEMAKER, "mixed")
    assert heard["format"] == kind
    assert heard["sample_rate"] == options.get("rate", 16000)
    assert heard["seconds"] == pytest.approx(original["seconds"], abs=0.15)
    assert heard["loudness"] == pytest.approx(original["loudness"], rel=0.35)


def test_channels_are_heard_apart_or_mixed(engine, tmp_path):
    file = tmp_path / "left_only.wav"
    _write_wav(file, channels=2, rate=8000, frame=b"\x00\x20\x00\x00")
    apart, mixed = (engine.answer("hear.py", file, how) for how in ("separate", "mixed"))
    assert apart["channels"] == mixed["channels"] == 2
    assert apart["loudness"][0] > 8000
    assert apart["loudness"][1] == 0
    assert mixed["loudness"][0] == pytest.approx(apart["loudness"][0] / 2, rel=0.05)


def test_what_is_no_media_is_a_fault(engine, tmp_path):
    file = tmp_path / "notes.wav"
    file.write_text("These are notes, not a recording.\n" * 100)
    assert _fault(engine, file).startswith("Failed to parse audio file. It is not media, or it is truncated")


def test_a_playlist_that_names_another_file_is_not_opened(engine, tmp_path):
    file = tmp_path / "list.wav"
    file.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{SAGEMAKER}\n#EXT-X-ENDLIST\n")
    assert _fault(engine, file).startswith("Failed to parse audio file.")


def test_an_empty_file_is_a_fault(engine, tmp_path):
    file = tmp_path / "empty.wav"
    file.touch()
    assert _fault(engine, file) == "Failed to parse audio file. The file is empty: it has 0 bytes."


@pytest.mark.parametrize("faststart", [False, True], ids=["index_last", "index_first"])
def test_a_truncated_mp4_is_a_fault(engine, tmp_path, faststart):
    whole = engine.convert(SAGEMAKER, tmp_path / "whole.mp4", codec="aac", faststart=faststart)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    reason = _fault(engine, cut)
    assert reason.startswith("Failed to parse audio file.")
    assert "truncated" in reason


def test_a_video_without_sound_is_a_fault(engine, tmp_path):
    assert "no audio stream" in _fault(engine, engine.convert(Path("film"), tmp_path / "silent.mp4"))


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ({"media_format": "mp3"}, "The media format provided does not match the detected media format. "),
        ({"sample_rate": 8000}, "The sample rate provided does not match the detected sample rate. "),
    ],
)
def test_a_claim_that_does_not_hold_is_a_fault(engine, claim, reason):
    assert _fault(engine, SAGEMAKER, **claim).startswith(reason)


@pytest.mark.parametrize("rate", [4000, 96000])
def test_a_sample_rate_out_of_bounds_is_a_fault(engine, tmp_path, rate):
    _write_wav(tmp_path / "sound.wav", channels=1, rate=rate)
    assert _fault(engine, tmp_path / "sound.wav") == (
        f"Invalid sample rate for audio file. The audio has {rate:,} Hz; "
        "it must be between 8,000 and 48,000 Hz."
    )


def test_six_channels_are_too_many_to_be_transcribed_apart(engine, tmp_path):
    _write_wav(tmp_path / "six.wav", channels=6)
    assert _fault(engine, tmp_path / "six.wav", separate_channels=True).startswith(
        "Invalid number of channels: number of channels too large. The audio has 6 channels"
    )
    assert len(engine.answer("hear.py", tmp_path / "six.wav", "mixed")["seconds"]) == 1


def test_more_than_four_hours_are_too_long(engine, tmp_path):
    file = tmp_path / "long.wav"
    write_silence(file, (4 * 3600 + 1) * 16000)
    assert "longer than 14,400 seconds" in _fault(engine, file)


def _fault(engine, file, **request):
    done = engine.attempt(file, **request)
    assert done.returncode == 3, done.stderr
    return done.stderr.splitlines()[-1]


def _write_wav(path, *, channels, rate=16000, seconds=1, frame=None):
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        for _ in range(seconds):
            file.writeframes((frame or bytes(2 * channels)) * rate)
