"""Events that no retry makes better, put where people look: among the dead letters of the function's queue.

From there ``replay`` of ``amp_ingest`` brings them to the queue, as events like any other.
"""

import logging
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

MOST_BYTES = 256 * 1024
"""Of a message."""

log = logging.getLogger(__name__)


def send(client: Any, url: str, bodies: Mapping[str, str]) -> dict[str, Exception]:
    """Sends one after the other, until one cannot be sent.

    Args:
        client: boto3's of SQS.
        url: of the queue.
        bodies: ASCII, by a name of the event.

    Returns:
        The first that SQS did not take, and why; nothing where it took all.
    """
    for name, body in bodies.items():
        if len(body) > MOST_BYTES:
            log.error("%s is %d bytes, over the %d of a message: it is left out", name, len(body), MOST_BYTES)
            continue
        try:
            client.send_message(QueueUrl=url, MessageBody=body)
        except (ClientError, BotoCoreError) as error:
            return {name: error}
    return {}
