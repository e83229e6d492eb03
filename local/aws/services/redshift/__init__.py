"""Redshift that executes: provisioned clusters as DuckDB files, and the Data API, which runs SQL on them.

Statements run one at a time in the process of ``local/aws/engines/redshift``, with the users, groups and
privileges of the cluster. A cluster's file is ``<home>/redshift/<its unique id>.duckdb``; results are beside
it for a day.
"""

from typing import TYPE_CHECKING

from moto.redshift.models import redshift_backends
from moto.redshiftdata.models import redshiftdata_backends

from local.aws.runtime.engine import ENGINES
from local.aws.runtime.images import ImageStore
from local.aws.runtime.queue import JobQueue
from local.aws.services.redshift import context, operations
from local.aws.services.redshift.clusters import LocalRedshift
from local.aws.services.redshift.data_api import LocalRedshiftData
from local.aws.services.redshift.engine import Engine

if TYPE_CHECKING:
    from local.aws.server import LocalAws


def install(aws: "LocalAws") -> None:
    """Puts the backends in place."""
    folder = aws.home / "redshift"
    engine = Engine(ImageStore(aws.images, ENGINES), folder / "engine.log")
    context.current.set(context.Context(aws, engine, JobQueue(1), folder))
    redshift_backends.backend = LocalRedshift
    redshiftdata_backends.backend = LocalRedshiftData
    operations.install()


def recover() -> None:
    """Fails the statements that ran when the last process ended."""
    for _, _, backend in redshiftdata_backends.iter_backends():
        if isinstance(backend, LocalRedshiftData):
            backend.fail_interrupted()


def stop() -> None:
    """Ends what runs; what is saved says that it ran."""
    context.current().queue.close()
    context.current().engine.kill()
