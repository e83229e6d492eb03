"""Messages that nobody can read are kept where a person can look at them, and counted."""

import logging
from typing import Any

from airflow.sdk.observability import stats

from include.settings import settings

log = logging.getLogger(__name__)

COUNTER = "millrace.unreadable_messages"
"""Airflow's metric (StatsD or OpenTelemetry) that counts them."""


async def bury(sqs: Any, body: str, reason: str) -> None:
    """Sends a message to the dead-letter queue, with the reason as its attribute ``reason``."""
    stats.incr(COUNTER)
    queue = settings().dead_letters_queue_url
    if queue is None:
        log.warning("a message was dropped, as there is no dead-letter queue (%s): %.200r", reason, body)
        return
    log.warning("a message goes to the dead-letter queue: %s", reason)
    await sqs.send_message(
        QueueUrl=queue,
        MessageBody=body or " ",
        MessageAttributes={"reason": {"DataType": "String", "StringValue": reason[:256]}},
    )
