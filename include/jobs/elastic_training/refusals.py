"""How a job ends that cannot do its work: with a sentence in S3, since a pod's log goes with the pod."""

import argparse
import os
from collections.abc import Callable

from failure import JobError, run_job
from locations import write
from objects import Location, LocationError

REFUSED = os.EX_DATAERR
"""Exit code of a rank that would end so again: the image's torchrun does not start it anew."""
FILE = "failure.json"


def run(work: Callable[[], object], args: argparse.Namespace) -> int:
    """Does the work; returns the exit code.

    A sentence that ends it is ``error`` in ``failure.json`` beside the metrics.

    Args:
        work: that may raise `JobError` or `LocationError`.
        args: with ``metrics`` and ``kms_key``.
    """

    def told() -> None:
        try:
            work()
        except (JobError, LocationError) as error:
            folder = args.metrics.key.rpartition("/")[0]
            target = Location(args.metrics.bucket, f"{folder}/{FILE}".lstrip("/"))
            write({"error": str(error)}, target, args.kms_key)
            raise

    return REFUSED if run_job(told, LocationError, file="failure") else 0
