"""Empties the outbox into a bucket, as soon as there is a network."""

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from .credentials import DeviceCredentialsError
from .outbox import Outbox

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 2.0, 900.0
IDLE_SECONDS = 60.0

log = logging.getLogger(__name__)


def to_bucket(client: "S3Client", bucket: str, prefix: str) -> Callable[[Path], None]:
    """A function that puts a file below ``prefix`` of a bucket, in one request."""

    def put(file: Path) -> None:
        with file.open("rb") as body:
            client.put_object(Bucket=bucket, Key=f"{prefix}{file.name}", Body=body, ContentType="audio/wav")

    return put


def send_all(outbox: Outbox, put: Callable[[Path], None], stop: Event) -> None:
    """Sends recordings, oldest first, until ``stop`` is set.

    A recording leaves the disk when the bucket has it. After a failure the same one is tried again, with a
    delay that doubles up to a quarter of an hour.
    """
    delay = FIRST_DELAY_SECONDS
    while not stop.is_set():
        outbox.arrived.clear()
        file = next(iter(outbox.waiting()), None)
        if file is None:
            outbox.arrived.wait(IDLE_SECONDS)
            continue
        try:
            put(file)
        except FileNotFoundError:
            continue  # it was dropped meanwhile, because too many wait
        except (BotoCoreError, ClientError, DeviceCredentialsError, OSError) as error:
            log.warning("%s is not uploaded, the next attempt is in %g s: %s", file.name, delay, error)
            stop.wait(delay)
            delay = min(2 * delay, LONGEST_DELAY_SECONDS)
            continue
        file.unlink(missing_ok=True)
        log.info("%s is uploaded", file.name)
        delay = FIRST_DELAY_SECONDS
