"""SageMaker that executes: training, tuning, processing and transform jobs, endpoints, the model registry.

Settings of the server's own environment:

``MILLRACE_JOBS_AT_A_TIME``
    Jobs that run at a time; others wait in ``Starting``. 2 by default.
``MILLRACE_JOB_QUOTA``
    Jobs of one kind that may be in progress; one more is refused. 100 by default.
``MILLRACE_SPOT_INTERRUPTIONS``, ``MILLRACE_SPOT_PRICE``
    See :mod:`~local.aws.services.sagemaker.spot`.
``MILLRACE_AUTOSCALING_MINUTE``
    Seconds that a minute lasts for the autoscaling of endpoints. 60 by default.
``MILLRACE_IMAGE_SOURCES``
    The folder of image sources instead of ``include/images``.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from local.aws.operations import replace_operations
from local.aws.runtime.images import ImageStore
from local.aws.runtime.queue import JobQueue
from local.aws.services import sagemaker_runtime
from local.aws.services.sagemaker import context, invocations
from local.aws.services.sagemaker.backend import LocalSageMaker
from local.aws.services.sagemaker.endpoint import Fleet
from local.aws.services.sagemaker.operations import OPERATIONS, changes
from local.aws.services.sagemaker.run import JobRun

if TYPE_CHECKING:
    from local.aws.server import LocalAws


def install(aws: "LocalAws") -> None:
    """Puts the backend in place."""
    sources = os.environ.get("MILLRACE_IMAGE_SOURCES")
    images = ImageStore(aws.images, Path(sources) if sources else None)
    concurrency = int(os.environ.get("MILLRACE_JOBS_AT_A_TIME", "2"))
    quota = int(os.environ.get("MILLRACE_JOB_QUOTA", "100"))
    queues = JobQueue[JobRun](concurrency), JobQueue[JobRun](quota)
    context.current.set(context.Context(aws, images, *queues, Fleet(), quota))
    sagemaker_backends.backend = LocalSageMaker
    invocations.restart()
    replace_operations(SageMakerResponse, sagemaker_backends, OPERATIONS, changes)
    sagemaker_runtime.install(aws)


def recover() -> None:
    """Fails the jobs that ran when the last process ended; starts endpoints again, goes on tuning."""
    for regions in sagemaker_backends.values():
        for backend in regions.values():
            if isinstance(backend, LocalSageMaker):
                backend.recover()


def stop() -> None:
    """Ends every process; what is saved says that they ran."""
    running = context.current()
    running.coordinators.close()
    running.queue.close()
    running.fleet.close_all()
