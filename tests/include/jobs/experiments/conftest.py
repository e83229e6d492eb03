"""The modules of experiments, asked in the image that has SciPy and statsmodels."""

import pytest

from tests.include.jobs.conftest import SHARED, interpreter
from tests.include.jobs.speech.in_image import Image

MODULES = ["json", "numpy", "scipy", "assignment", "uplift", "sample_ratio", "sensitivity"]


@pytest.fixture(scope="session")
def image():
    with Image(interpreter("sklearn"), [SHARED.parent / "experiments"], MODULES) as made:
        yield made
