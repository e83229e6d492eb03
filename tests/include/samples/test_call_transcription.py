"""The table of words that ships with the call is the one that our modules make of its text."""

import subprocess

from include.samples.speech import SAMPLES
from tests.include.jobs.conftest import interpreter

SAMPLE = SAMPLES / "call_transcription"


def test_the_table_is_made_of_the_text():
    command = [interpreter("speech"), SAMPLE / "make_vocabulary.py"]
    made = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert made == (SAMPLE / "vocabulary.tsv").read_text()
    assert "\tSageMaker\n" in made
