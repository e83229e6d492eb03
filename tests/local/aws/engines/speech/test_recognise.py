"""From a recording to the items of a transcript."""

import json
import subprocess
import sys
import wave

import pytest

from tests.local.aws.engines.speech.conftest import ENGINES, SAGEMAKER, TWO_SENTENCES, text, write_silence

ITEM = {"channel", "type", "start", "end", "content", "confidence", "alternatives"}


def test_speech_becomes_words_with_times_and_confidence(two_sentences):
    items = two_sentences["items"]
    assert text(two_sentences).endswith("along the river her sister plays the piano every evening")
    assert all(set(item) == ITEM for item in items)
    times = [time for item in items for time in (item["start"], item["end"])]
    assert times == sorted(times)
    assert times[-1] <= two_sentences["seconds"] == 5.88
    assert all(0 <= item["confidence"] <= 1 for item in items)
    assert (two_sentences["media_format"], two_sentences["sample_rate"]) == ("flac", 16000)


def test_a_pause_ends_a_sentence(two_sentences):
    items = two_sentences["items"]
    stops = [number for number, item in enumerate(items) if item["type"] == "punctuation"]
    assert [items[number - 1]["content"] for number in stops] == ["river", "evening"]
    assert all(items[number]["content"] == "." for number in stops)
    assert items[stops[0] + 1]["start"] - items[stops[0]]["end"] >= 0.5


def test_only_the_samples_decide_the_text(engine, two_sentences, tmp_path):
    disguised = engine.convert(
        TWO_SENTENCES,
        tmp_path / "renamed.ogg",
        format="mov",
        codec="alac",
        layout="mono",
        metadata="Zebra crossing",
    )
    heard = engine.recognise(disguised)
    assert heard["media_format"] == "mp4"
    assert heard["items"] == two_sentences["items"]


def test_a_channel_is_heard_by_itself(engine, two_sentences, tmp_path):
    stereo = _left_only(engine.convert(TWO_SENTENCES, tmp_path / "mono.wav", layout="mono"))
    result = engine.recognise(stereo, separate_channels=True)
    assert result["channels"] == 2
    assert result["items"] == two_sentences["items"]


def test_alternatives_begin_with_the_word_and_fall_in_confidence(engine):
    items = engine.recognise(SAGEMAKER, alternatives=3)["items"]
    for item in items:
        choices = item["alternatives"]
        assert choices[0] == {"content": item["content"], "confidence": item["confidence"]}
        assert [c["confidence"] for c in choices] == sorted((c["confidence"] for c in choices), reverse=True)
        assert len({c["content"] for c in choices}) == len(choices) <= 3
    assert max(len(item["alternatives"]) for item in items) == 3


def test_silence_has_no_items(engine, tmp_path):
    write_silence(tmp_path / "silence.wav", 48000)
    assert engine.recognise(tmp_path / "silence.wav")["items"] == []


@pytest.mark.parametrize("megabytes", [30, pytest.param(300, marks=pytest.mark.slow)])
def test_a_large_file_is_streamed_and_progress_is_told(engine, tmp_path, megabytes):
    file = tmp_path / "large.wav"
    write_silence(file, megabytes * 1_000_000, channels=2, rate=48000)
    lines, peak = _watched(engine, file, tmp_path)
    done = [line["seconds_done"] for line in lines]
    assert done == sorted(done)
    assert len(done) > 10
    assert lines[-1]["seconds"] == pytest.approx(megabytes * 1_000_000 / 192_000)
    assert peak < 400_000_000


MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Runs a command and says its peak in KiB. Of a child of this process Linux would count what this one has."""


def _left_only(mono):
    """The recording on the first of two channels, and silence on the second."""
    stereo = mono.with_name("stereo.wav")
    with wave.open(str(mono)) as read, wave.open(str(stereo), "wb") as written:
        written.setparams(read.getparams()._replace(nchannels=2))
        for _ in range(read.getnframes()):
            written.writeframesraw(read.readframes(1) + bytes(2))
    return stereo


def _watched(engine, file, folder):
    """The lines of progress, and how much memory the program had at most, in bytes."""
    request = folder / "request.json"
    values = {"media": str(file), "media_format": "wav", "sample_rate": 48000, "separate_channels": False}
    values |= {"vocabulary": [], "language_model": None, "alternatives": 1, "progress": True}
    request.write_text(json.dumps(values | {"output": str(folder / "result.json")}))
    command = [sys.executable, "-c", MEASURE, engine.python, ENGINES / "speech" / "recognise.py", request]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *lines, peak = done.stdout.splitlines()
    return [json.loads(line) for line in lines], int(peak) * 1024
