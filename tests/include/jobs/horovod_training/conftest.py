"""The modules of the Horovod training, asked in its image, and TFRecord written without them."""

import struct
from pathlib import Path

import pytest

from tests.include.jobs.conftest import REPOSITORY, SHARED, VISION, interpreter
from tests.include.jobs.speech.in_image import Image

JOB = SHARED.parent / "horovod_training"
MODULES = [
    *("io", "json", "numpy", "os", "pathlib", "tfrecord"),
    *("tfrecords", "examples", "shards", "sources", "parts", "shard", "staging"),
    *("learning_rates", "steps", "channels", "readings", "checkpoints"),
]


@pytest.fixture(scope="session")
def image():
    folders = [JOB, SHARED, VISION, REPOSITORY / "include" / "images"]
    with Image(interpreter("horovod"), folders, MODULES) as made:
        yield made


def payloads(file: Path) -> list[bytes]:
    """What is framed in a file, read without its checksums."""
    content, found = file.read_bytes(), []
    while content:
        [length] = struct.unpack_from("<Q", content)
        found.append(content[12 : 12 + length])
        content = content[16 + length :]
    return found
