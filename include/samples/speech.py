"""Speaks the sample texts: ``python -m include.samples.speech``.

Needs ``flite`` and ``sox`` (Debian: ``apt-get install flite sox``). The same text and the same versions of
both give the same samples. What is shipped are the recordings, so nothing else needs either program.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from include.samples.spoken import spoken

SAMPLES = Path(__file__).parent
WIDE_BAND, NARROW_BAND = 16_000, 8_000
"""Samples a second: of flite's voices and of most recordings, and of a telephone."""
SAMPLE_BYTES = 2
PAUSE_SECONDS = 0.7
"""Between two sentences, beside what flite itself leaves."""
EFFECTS = {WIDE_BAND: ["sinc", "-6k", "norm", "-21"], NARROW_BAND: ["rate", "8000", "norm", "-15"]}
"""A level and a bandwidth at which a minute takes less than 0.8 MB."""


@dataclass(frozen=True)
class Recording:
    """A text to speak: ``path`` below the samples, without a suffix, and a voice of flite's per channel.

    With one voice, each line is a sentence. With several, a line is ``<speaker> : <sentence>``.
    """

    path: str
    voices: Mapping[str, str]
    rate: int = WIDE_BAND


def _alone(path: str, voice: str) -> Recording:
    return Recording(path, {"": voice})


RECORDINGS = (
    _alone("transcript_improvement/in_sample/notebook_instances", "slt"),
    _alone("transcript_improvement/in_sample/bring_your_own_model", "rms"),
    _alone("transcript_improvement/out_of_sample/built_in_algorithms", "kal16"),
    _alone("transcript_improvement/out_of_sample/accurate_training", "awb"),
    Recording("call_transcription/support_call", {"Agent": "slt", "Customer": "rms"}, NARROW_BAND),
    _alone("custom_language_model/held_out/first_shift", "slt"),
    _alone("custom_language_model/held_out/second_shift", "rms"),
    _alone("custom_language_model/held_out/third_shift", "kal16"),
    _alone("voice_message/front_door", "rms"),
)


class CannotSpeakError(RuntimeError):
    """A program is missing or failed; the message says which and what to do."""


def sentences(text: str, speakers: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Speaker and sentence of each line.

    Raises:
        ValueError: a line names another speaker.
    """
    known = list(speakers)
    for number, line in enumerate(text.splitlines(), start=1):
        speaker, _, sentence = ("", "", line) if known == [""] else line.partition(" : ")
        if speaker not in known:
            raise ValueError(f"Line {number} is {line!r}: it must begin with one of {known} and ' : '.")
        yield speaker, sentence


def record(recording: Recording, output: Path, texts: Path = SAMPLES) -> Path:
    """Speaks one text into ``<output>/<path>.flac`` and returns that path.

    Raises:
        CannotSpeakError: flite or sox is missing, or failed.
    """
    text = (texts / f"{recording.path}.txt").read_text()
    target = output / f"{recording.path}.flac"
    target.parent.mkdir(parents=True, exist_ok=True)
    channels = {speaker: bytearray() for speaker in recording.voices}
    with tempfile.TemporaryDirectory() as folder:
        for said_by, sentence in sentences(text, recording.voices):
            samples = speak(sentence, recording.voices[said_by], Path(folder))
            for speaker in channels:
                channels[speaker] += samples if speaker == said_by else bytes(len(samples))
        files = [_wav(Path(folder) / f"{n}.wav", each) for n, each in enumerate(channels.values())]
        merge = ["--combine", "merge"] if len(files) > 1 else []
        # -D: no dither, which would be noise to compress.
        _run("sox", "-D", *merge, *files, "-C", "8", "--comment", "", target, *EFFECTS[recording.rate])
    return target


def speak(sentence: str, voice: str, folder: Path) -> bytes:
    """A sentence and a pause, as 16-bit samples at 16 kHz."""
    file = folder / "sentence.wav"
    _run("flite", "-voice", voice, "-t", spoken(sentence), "-o", file)
    with wave.open(str(file)) as stream:
        samples: bytes = stream.readframes(stream.getnframes())
    return samples + bytes(round(PAUSE_SECONDS * WIDE_BAND) * SAMPLE_BYTES)


def _wav(path: Path, samples: bytes | bytearray) -> Path:
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(SAMPLE_BYTES)
        stream.setframerate(WIDE_BAND)
        stream.writeframes(samples)
    return path


def _run(program: str, *arguments: str | Path) -> None:
    if shutil.which(program) is None:
        raise CannotSpeakError(f"There is no program {program}: install it (apt-get install flite sox).")
    done = subprocess.run([program, *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        raise CannotSpeakError(f"{program} ended with {done.returncode}: {done.stderr.strip()}")


def main(argv: Sequence[str] | None = None) -> int:
    """Makes the recordings anew; returns the exit code."""
    parser = argparse.ArgumentParser(description="Speaks the sample texts into FLAC files.")
    parser.add_argument("--output", type=Path, default=SAMPLES, help="folder to write below")
    args = parser.parse_args(argv)
    try:
        for recording in RECORDINGS:
            print(record(recording, args.output))
    except CannotSpeakError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
