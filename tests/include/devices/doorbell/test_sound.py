"""The programs that play and record, stood in for by scripts that write down how they were called."""

import os
import stat

import pytest

from include.devices.doorbell import sound
from include.devices.doorbell.sound import SoundError


@pytest.fixture
def program(tmp_path, monkeypatch):
    """``program("arecord", script)`` puts a program on the path."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin{os.pathsep}/usr/bin")

    def put(name, script):
        file = tmp_path / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    return put


def test_twenty_seconds_at_48_khz_are_recorded(program, tmp_path):
    program("arecord", f'echo "$@" > {tmp_path}/called')
    sound.record(tmp_path / "message.part", "sysdefault:CARD=1")
    words = (tmp_path / "called").read_text().split()
    assert words[-1] == str(tmp_path / "message.part")
    options = dict(zip(words[1:-1:2], words[2:-1:2], strict=True))
    assert options == {
        "--file-type": "wav",
        "--format": "S16_LE",
        "--channels": "1",
        "--rate": "48000",
        "--duration": "20",
        "--device": "sysdefault:CARD=1",
    }


def test_a_greeting_is_played(program, tmp_path):
    program("mpg123", f'echo "$@" > {tmp_path}/called')
    sound.play(tmp_path / "greeting.mp3")
    assert (tmp_path / "called").read_text() == f"--quiet {tmp_path}/greeting.mp3\n"


def test_a_failure_is_told_with_the_programs_words(program, tmp_path):
    program("arecord", "echo 'audio open error: No such device' >&2; exit 1")
    with pytest.raises(SoundError, match="arecord ended with 1: audio open error: No such device"):
        sound.record(tmp_path / "message.part", "hw:9")


def test_a_missing_program_is_told_with_what_installs_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SoundError, match="no program mpg123: apt-get install mpg123"):
        sound.play(tmp_path / "greeting.mp3")


def test_a_sound_card_that_hangs_is_given_up(program, tmp_path, monkeypatch):
    monkeypatch.setattr(sound, "GRACE_SECONDS", 0.2)
    program("arecord", "exec sleep 60")
    with pytest.raises(SoundError, match="did not end within"):
        sound.record(tmp_path / "message.part", "hw:1", seconds=0)
