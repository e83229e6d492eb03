"""Messages that nobody can read are kept where a person can look at them, and counted."""

import logging
from typing import Any

from airflow.sdk.observability import stats
from botocore.exceptions import BotoCoreError, ClientError

from include.settings import settings

log = logging.getLogger(__name__)

COUNTER = "millrace.unreadable_messages"
"""Airflow's metric (StatsD or OpenTelemetry) that counts them."""


async def bury(sqs: Any, body: str, reason: str) -> bool:
    """Sends a message to the dead-letter queue, with the reason as its attribute ``reason``.

    False if it could not be sent: the message must not be deleted, so that it comes again.
    """
    queue = settings().dead_letters_queue_url
    if queue is None:
        log.warning("a message was dropped, as there is no dead-letter queue (%s): %.200r", reason, body)
        stats.incr(COUNTER)
        return True
    try:
        await sqs.send_message(
            QueueUrl=queue,
            MessageBody=body or " ",
            MessageAttributes={"reason": {"DataType": "String", "StringValue": reason[:256]}},
        )
    except (BotoCoreError, ClientError, OSError) as error:
        # The messages beside it must not wait until that queue is well again.
        log.error("the dead-letter queue takes no message (%s): %.200r", error, body)  # noqa: TRY400  # no traceback for each
        return False
    stats.incr(COUNTER)
    log.warning("a message went to the dead-letter queue: %s", reason)
    return True
