"""Glue whose crawlers read what is in S3 and write tables to the Data Catalog, which is moto's.

Schemas are read by the program of ``local/aws/engines/catalog``, from the footers of Parquet files and the
beginnings of others.

Settings of the server's own environment:

``MILLRACE_CRAWLS_AT_A_TIME``
    Crawlers that run at a time, 4 by default. Another one that is started is RUNNING and waits.
"""

import os
import shutil
from typing import TYPE_CHECKING

from moto.glue.models import glue_backends
from moto.glue.responses import GlueResponse

from local.aws.operations import replace_operations
from local.aws.runtime.engine import ENGINES
from local.aws.runtime.images import ImageStore
from local.aws.runtime.queue import JobQueue
from local.aws.services.glue import context
from local.aws.services.glue.backend import LocalGlue
from local.aws.services.glue.operations import OPERATIONS

if TYPE_CHECKING:
    from local.aws.server import LocalAws


def install(aws: "LocalAws") -> None:
    """Puts the backend in place."""
    concurrency = int(os.environ.get("MILLRACE_CRAWLS_AT_A_TIME", "4"))
    context.current.set(context.Context(aws, ImageStore(aws.images, ENGINES), JobQueue(concurrency)))
    shutil.rmtree(context.current().scratch, ignore_errors=True)  # of a process that was killed
    glue_backends.backend = LocalGlue
    replace_operations(GlueResponse, glue_backends, OPERATIONS)


def recover() -> None:
    """Fails the crawls that ran when the last process ended."""
    for _, _, backend in glue_backends.iter_backends():
        if isinstance(backend, LocalGlue):
            backend.fail_interrupted_crawls()


def stop() -> None:
    """Ends every crawl; what is saved says that they ran."""
    context.current().queue.close()
