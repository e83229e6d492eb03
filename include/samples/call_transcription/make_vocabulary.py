"""Makes the table of words from the text of the call, as the transcript improvement makes one from answers.

Run it where the libraries of the image ``speech`` are; the README beside this file says how.
"""

import sys
from importlib import import_module
from pathlib import Path

SAMPLE = Path(__file__).parent
JOBS = SAMPLE.parents[1] / "jobs"


def table() -> str:
    """Every term of the text: nothing is assumed to be heard right, and nobody has listened to a result."""
    # The modules of a job import one another by plain names.
    sys.path += [str(JOBS / "speech"), str(JOBS / "shared")]
    terms, vocabulary = map(import_module, ("terms", "vocabulary"))
    lines = (SAMPLE / "support_call.txt").read_text(encoding="utf-8").splitlines()
    said = [line.partition(" : ")[2] for line in lines]
    return str(vocabulary.render(terms.proposals(said, [""] * len(said), [])))


if __name__ == "__main__":
    sys.stdout.write(table())
