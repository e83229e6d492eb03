"""The modules of the elastic training, asked in its image."""

import pytest

from tests.include.jobs.conftest import DATASETS, SHARED, VISION, interpreter
from tests.include.jobs.speech.in_image import Image

JOB = SHARED.parent / "elastic_training"
MODULES = [
    *("io", "json", "numpy", "os", "pathlib", "torch"),
    *(
        "allreduce",
        "checkpoints",
        "image_folder",
        "networks",
        "parts",
        "prepare",
        "results",
        "starts",
        "steps",
        "train",
    ),
]


@pytest.fixture(scope="session")
def image():
    with Image(interpreter("elastic"), [JOB, SHARED, DATASETS, VISION], MODULES) as made:
        yield made
