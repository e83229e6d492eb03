"""Kinesis Data Streams.

Not moto's: it keeps records in lists that only grow, and goes through all of them for each GetRecords.
Streams and records are in ``<home>/kinesis/records.sqlite`` from the moment a request is answered, not in the
snapshot.
"""

from typing import TYPE_CHECKING

from local.aws.current import Current
from local.aws.journal import Journal
from local.aws.services.kinesis.catalog import Catalog
from local.aws.services.kinesis.operations import Operations
from local.aws.services.kinesis.retention import Sweeper

if TYPE_CHECKING:
    from local.aws.server import LocalAws

catalog = Current[Catalog]("Kinesis")
operations = Current[Operations]("Kinesis")
_sweeper = Current[Sweeper]("Kinesis")


def install(aws: "LocalAws") -> None:
    """Opens the journal."""
    catalog.set(Catalog(Journal(aws.home / "kinesis" / "records.sqlite"), aws.account_id))
    operations.set(Operations(catalog()))
    _sweeper.set(Sweeper(catalog()))


def recover() -> None:
    """Begins to delete old records."""
    _sweeper().start()


def stop() -> None:
    """Closes the journal."""
    _sweeper().stop()
    catalog().journal.close()
