"""Firehose: delivery streams to S3, from records that are put to them or from streams of Kinesis.

Not moto's, which writes an object for each request. Delivery streams, buffers and checkpoints are in
``<home>/firehose/buffers.sqlite`` from the moment a request is answered, not in the snapshot.
"""

from typing import TYPE_CHECKING

from local.aws.clients import Clients
from local.aws.current import Current
from local.aws.services import kinesis
from local.aws.services.firehose.buffers import Buffers
from local.aws.services.firehose.operations import Operations

if TYPE_CHECKING:
    from local.aws.server import LocalAws

operations = Current[Operations]("Firehose")


def install(aws: "LocalAws") -> None:
    """Opens the buffers."""
    buffers = Buffers(aws.home / "firehose" / "buffers.sqlite")
    operations.set(Operations(buffers, kinesis.catalog(), Clients(aws)))


def recover() -> None:
    """Begins to deliver, first what was left."""
    operations().start()


def stop() -> None:
    """Stops all deliveries; what they have buffered stays on disk."""
    operations().stop()
