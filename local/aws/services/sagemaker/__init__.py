"""SageMaker that executes: training, tuning, processing and transform jobs, endpoints, the model registry.

Settings of the server's own environment:

``MILLRACE_JOBS_AT_A_TIME``
    Jobs that run at a time; others wait in ``Starting``. 2 by default.
``MILLRACE_JOB_QUOTA``
    Jobs of one kind that may be in progress; one more is refused. 100 by default.
``MILLRACE_SPOT_INTERRUPTIONS``, ``MILLRACE_SPOT_PRICE``
    See :mod:`~local.aws.services.sagemaker.spot`.
``MILLRACE_IMAGE_SOURCES``
    The folder of image sources instead of ``include/images``.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from moto.sagemaker.models import sagemaker_backends

from local.aws.runtime.images import ImageStore
from local.aws.runtime.queue import JobQueue
from local.aws.services import sagemaker_runtime
from local.aws.services.sagemaker import context, operations
from local.aws.services.sagemaker.backend import LocalSageMaker
from local.aws.services.sagemaker.endpoint import Fleet
from local.aws.services.sagemaker.run import JobRun

if TYPE_CHECKING:
    from local.aws.server import LocalAws

_queue: JobQueue[JobRun] | None = None
_coordinators: JobQueue[JobRun] | None = None
_fleet: Fleet | None = None


def install(aws: "LocalAws") -> None:
    """Puts the backend in place."""
    global _queue, _coordinators, _fleet
    sources = os.environ.get("MILLRACE_IMAGE_SOURCES")
    images = ImageStore(aws.images, Path(sources) if sources else None)
    concurrency = int(os.environ.get("MILLRACE_JOBS_AT_A_TIME", "2"))
    quota = int(os.environ.get("MILLRACE_JOB_QUOTA", "100"))
    context.set_current(context.Context(aws, images, concurrency, quota))
    # A tuning job only waits for its training jobs, so it takes none of their places.
    _queue, _coordinators, _fleet = JobQueue(concurrency), JobQueue(quota), Fleet()
    sagemaker_backends.backend = LocalSageMaker
    operations.install()
    sagemaker_runtime.install(aws)


def recover() -> None:
    """Fails the jobs that ran when the last process ended; starts endpoints again."""
    for regions in sagemaker_backends.values():
        for backend in regions.values():
            if isinstance(backend, LocalSageMaker):
                backend.recover()


def stop() -> None:
    """Ends every process; what is saved says that they ran."""
    coordinators().close()
    queue().close()
    fleet().close_all()


def queue() -> JobQueue[JobRun]:
    """The queue of the running server."""
    if _queue is None:
        raise RuntimeError("SageMaker is used before the local AWS was started.")
    return _queue


def coordinators() -> JobQueue[JobRun]:
    """The queue of the running server's tuning jobs."""
    if _coordinators is None:
        raise RuntimeError("SageMaker is used before the local AWS was started.")
    return _coordinators


def fleet() -> Fleet:
    """The model servers of the running server."""
    if _fleet is None:
        raise RuntimeError("SageMaker is used before the local AWS was started.")
    return _fleet
