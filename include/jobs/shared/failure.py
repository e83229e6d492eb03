"""What ends a job, and where SageMaker looks for the reason."""

import os
import sys
from collections.abc import Callable
from pathlib import Path


class JobError(Exception):
    """The job cannot do its work. The message is one sentence for the user."""


def run_job(work: Callable[[], object], *errors: type[Exception], file: str = "message") -> int:
    """Runs the job's work; returns the exit code.

    The sentence of a ``JobError``, or of another of these ``errors``, is left for SageMaker: in ``message``
    when processing, in ``failure`` when training.
    """
    expected: tuple[type[Exception], ...] = (JobError, *errors)
    try:
        work()
    except expected as error:
        print(f"ERROR: {error}", file=sys.stderr)
        _leave(str(error), file)
        return 1
    return 0


def _leave(sentence: str, file: str) -> None:
    path = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "output" / file
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sentence)
    except PermissionError as error:
        # A pod of EMR is not SageMaker's container: there the log is where the sentence is looked for.
        print(f"{path} is not written: {error}", file=sys.stderr)
