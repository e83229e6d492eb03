"""The speech modules import one another by their plain names, as in a job, where they lie in one folder."""

import sys
from pathlib import Path

import pytest

from tests.include.jobs.conftest import SHARED, interpreter

SPEECH = SHARED.parent / "speech"
sys.path += [str(SPEECH), str(SHARED), str(SHARED.parent / "pages")]


@pytest.fixture(scope="session")
def speech_folder() -> Path:
    return SPEECH


@pytest.fixture(scope="session")
def speech_python() -> Path:
    """The interpreter of the jobs' image."""
    return interpreter("speech")
