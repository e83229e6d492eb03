"""The programs of the speech engine, run in their own environment."""

import json
import os
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.aws.runtime.images import ImageStore

REPOSITORY = Path(__file__).resolve().parents[5]
ENGINES = REPOSITORY / "local" / "aws" / "engines"
IMAGES = Path(os.environ.get("MILLRACE_HOME", REPOSITORY / ".millrace")) / "images"
HERE = Path(__file__).parent
RECORDINGS = HERE / "recordings"
TWO_SENTENCES = RECORDINGS / "two_sentences.flac"
"""The children walked along the river. (A second's pause.) Her sister plays the piano every evening."""
SAGEMAKER = RECORDINGS / "sagemaker.flac"
"""SageMaker reads the training data from the S3 bucket."""
GRADIENT = RECORDINGS / "gradient.flac"
"""TensorFlow computes the gradient of the loss function."""

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Engine:
    python: Path
    scratch: Path

    def run(self, script: Path, *arguments: str | Path) -> Done:
        """A script that sees the engine's modules."""
        return subprocess.run(
            [self.python, script, *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": str(ENGINES / "speech")},
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )

    def answer(self, script: str, *arguments: str | Path) -> Any:
        """The JSON that a script beside these tests prints."""
        done = self.run(HERE / script, *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def program(self, name: str, request: dict[str, Any]) -> Done:
        """A program of the engine, given a request."""
        file = self.scratch / "request.json"
        file.write_text(json.dumps(request))
        return self.run(ENGINES / "speech" / name, file)

    def attempt(self, media: Path, **changes: Any) -> Done:
        """``recognise.py`` on a file that may be at fault."""
        request = {
            "media": str(media),
            "media_format": None,
            "sample_rate": None,
            "separate_channels": False,
            "vocabulary": [],
            "language_model": None,
            "alternatives": 1,
            "output": str(self.scratch / "result.json"),
            "progress": False,
        }
        return self.program("recognise.py", request | changes)

    def recognise(self, media: Path, **changes: Any) -> dict[str, Any]:
        """The result for a file that is not."""
        done = self.attempt(media, **changes)
        assert done.returncode == 0, done.stderr
        return json.loads((self.scratch / "result.json").read_text())

    def text(self, media: Path, **changes: Any) -> str:
        return text(self.recognise(media, **changes))

    def convert(self, source: Path, target: Path, **options: Any) -> Path:
        """The recording as another kind of file."""
        keys = (f"{key}={value}" for key, value in options.items())
        done = self.run(HERE / "make_media.py", source, target, *keys)
        assert done.returncode == 0, done.stderr
        return target


def text(result: dict[str, Any]) -> str:
    return " ".join(item["content"] for item in result["items"] if item["type"] == "pronunciation")


def write_silence(path: Path, size: int, *, channels: int = 1, rate: int = 8000) -> None:
    """A WAV file with ``size`` bytes of silence, which take no room on the disk."""
    width = 2 * channels
    form = struct.pack(
        "<4sI4s4sIHHIIHH",
        b"RIFF",
        36 + size,
        b"WAVE",
        b"fmt ",
        16,
        1,
        channels,
        rate,
        rate * width,
        width,
        16,
    )
    with path.open("wb") as file:
        file.write(form + struct.pack("<4sI", b"data", size))
        file.truncate(file.tell() + size)


@pytest.fixture(scope="session")
def engine(tmp_path_factory) -> Engine:
    store = ImageStore(IMAGES, ENGINES)
    environment = store.ensure(store.resolve("speech"), print)
    return Engine(environment / "bin" / "python", tmp_path_factory.mktemp("speech"))


@pytest.fixture(scope="session")
def two_sentences(engine) -> dict[str, Any]:
    """What is heard in `TWO_SENTENCES`."""
    return engine.recognise(TWO_SENTENCES)
