"""The function: events of a queue into counters, and into the catalog of live and upcoming shows.

SQS hands it JSON objects, as SNS delivers them raw (``RawMessageDelivery``); the event source mapping has
``ReportBatchItemFailures``. What cannot be counted is reported: SQS delivers it again, and puts it with the
dead letters in the end. ``MILLRACE_REDIS_SECRET_ARN`` names the secret with the URL of Redis;
``MILLRACE_REDIS_URL`` is the URL itself, where it is no secret.
"""

import json
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from redis.exceptions import AuthenticationError, ResponseError

import catalog
import events
import shows
from connection import Client, connect, url_of
from counting import count
from events import MalformedEventError
from observations import KINDS, Observation, observation
from shows import Change

TYPES = (*KINDS, shows.KIND)

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)


def handler(event: Mapping[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Counts a batch, and keeps what it says of shows.

    Raises:
        redis.exceptions.ConnectionError: Redis does not answer, or refuses the password; the whole batch is
            delivered again.
    """
    now = datetime.now(UTC)
    said: dict[str, Observation | Change] = {}
    failed: dict[str, Exception] = {}
    late = 0
    for record in event["Records"]:
        try:
            found = _said(record["body"], now)
        except MalformedEventError as error:
            failed[record["messageId"]] = error
            continue
        if found.is_late(now):
            late += 1
        else:
            said[record["messageId"]] = found
    try:
        failed |= _counted(said, now) | _listed(said, now)
    except AuthenticationError:
        # The password was changed: the next batch reads the secret anew.
        _client.cache_clear()
        raise
    for name, why in failed.items():
        log.warning("message %s is not counted: %s", name, why)
    if late:
        log.warning("%d events are too late for these counters; the daily features count them", late)
    log.info(json.dumps({"records": len(event["Records"]), "failed": len(failed), "late": late}))
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


def _said(body: str, now: datetime) -> Observation | Change:
    event = events.read(body, TYPES)
    return shows.change(event, now) if event["event_type"] == shows.KIND else observation(event, now)


def _counted(said: Mapping[str, Observation | Change], now: datetime) -> dict[str, Exception]:
    """Counts the observations; why some are not, by message."""
    observed = {name: each for name, each in said.items() if isinstance(each, Observation)}
    if not observed:
        return {}
    answers = count(_client(), list(observed.values()), now)
    return {name: why for name, why in zip(observed, answers, strict=True) if why is not None}


def _listed(said: Mapping[str, Observation | Change], now: datetime) -> dict[str, Exception]:
    """Keeps the changes of shows, all or none; why they are not, by message."""
    changes = {name: each for name, each in said.items() if isinstance(each, Change)}
    if not changes:
        return {}
    try:
        catalog.write(_client(), list(changes.values()), now)
    except ResponseError as error:
        return dict.fromkeys(changes, error)
    return {}


@cache
def _client() -> Client:
    """Kept while the environment is warm."""
    secret = os.environ.get("MILLRACE_REDIS_SECRET_ARN")
    return connect(url_of(secret) if secret else os.environ["MILLRACE_REDIS_URL"])
