"""EMR on EKS that executes: virtual clusters without a cluster, job runs as processes of a Spark image.

A job run is one process tree: driver and executors are threads of one Java machine, whatever the number of
executors that is asked for. Settings of the server's own environment:

``MILLRACE_JOBS_AT_A_TIME``
    Job runs that run at a time, beside SageMaker's own jobs; others wait in ``PENDING``. 2 by default.
``MILLRACE_IMAGE_SOURCES``
    The folder of image sources instead of ``include/images``.
"""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from moto.emrcontainers.models import emrcontainers_backends
from moto.emrcontainers.responses import EMRContainersResponse

from local.aws.operations import replace_operations
from local.aws.runtime.images import ImageStore
from local.aws.runtime.queue import JobQueue
from local.aws.services.emr_containers import context
from local.aws.services.emr_containers.backend import LocalEmrContainers
from local.aws.services.emr_containers.execution import Execution
from local.aws.services.emr_containers.operations import OPERATIONS

if TYPE_CHECKING:
    from local.aws.server import LocalAws


def install(aws: "LocalAws") -> None:
    """Puts the backend in place."""
    sources = os.environ.get("MILLRACE_IMAGE_SOURCES")
    images = ImageStore(aws.images, Path(sources) if sources else None)
    queue = JobQueue[Execution](int(os.environ.get("MILLRACE_JOBS_AT_A_TIME", "2")))
    context.current.set(context.Context(aws, images, queue))
    shutil.rmtree(context.current().scratch, ignore_errors=True)  # of a process that was killed
    emrcontainers_backends.backend = LocalEmrContainers
    replace_operations(EMRContainersResponse, emrcontainers_backends, OPERATIONS)


def recover() -> None:
    """Fails the job runs that had not ended when the last process did."""
    for _, _, backend in emrcontainers_backends.iter_backends():
        if isinstance(backend, LocalEmrContainers):
            backend.fail_interrupted_job_runs()


def stop() -> None:
    """Ends every process; what is saved says that they ran."""
    context.current().queue.close()
