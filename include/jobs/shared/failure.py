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
        path = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "output" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(error))
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    return 0
