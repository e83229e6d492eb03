"""Loudspeaker and microphone, by the programs of Raspberry Pi OS: mpg123 and arecord (alsa-utils)."""

import subprocess
from pathlib import Path

HERTZ = 48_000
SECONDS = 20
GRACE_SECONDS = 10
"""A sound card that hangs is given up after so long."""


class SoundError(RuntimeError):
    """A program is missing, failed or hung; the message says which."""


def play(file: Path) -> None:
    """Plays an MP3 file to its end.

    Raises:
        SoundError: it cannot be played.
    """
    _run(["mpg123", "--quiet", str(file)], SECONDS + GRACE_SECONDS)


def record(file: Path, microphone: str, seconds: int = SECONDS) -> None:
    """Records one channel of 16-bit samples at 48 kHz into a WAV file.

    Raises:
        SoundError: nothing can be recorded from the microphone, which is ALSA's name of it.
    """
    options = ["--quiet", "--file-type", "wav", "--format", "S16_LE", "--channels", "1"]
    command = ["arecord", *options, "--rate", str(HERTZ), "--duration", str(seconds)]
    _run([*command, "--device", microphone, str(file)], seconds + GRACE_SECONDS)


def _run(command: list[str], timeout: float) -> None:
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=timeout)
    except FileNotFoundError as error:
        raise SoundError(f"There is no program {command[0]}: apt-get install mpg123 alsa-utils.") from error
    except subprocess.TimeoutExpired as error:
        raise SoundError(f"{command[0]} did not end within {timeout:g} seconds.") from error
    if done.returncode:
        raise SoundError(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")
