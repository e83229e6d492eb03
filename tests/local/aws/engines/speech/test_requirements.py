"""The engine's environment is what was tried: every package in its version and with its hash."""

import re

from tests.local.aws.engines.speech.conftest import ENGINES

FOLDER = ENGINES / "speech"


def test_every_package_is_pinned_to_a_version_and_a_hash():
    pinned = re.split(r"\n(?=\S)", (FOLDER / "requirements.txt").read_text())
    assert all(re.match(r"[\w.\-]+==\S+ .*\\\n    --hash=sha256:", package) for package in pinned), pinned
    names = {re.split(r"[=\s]", package)[0] for package in pinned}
    asked = {re.split(r"[=\s]", line)[0] for line in (FOLDER / "requirements.in").read_text().splitlines()}
    assert asked <= names


def test_sounddevice_which_nothing_here_plays_is_left_out():
    assert "sounddevice==0.5.6 ; sys_platform == 'never'" in (FOLDER / "requirements.txt").read_text()
