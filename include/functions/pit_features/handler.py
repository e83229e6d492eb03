"""The function: events of listeners into counters, what shows are into the catalog of live and upcoming ones.

Both of its event source mappings have ``ReportBatchItemFailures``. SQS hands it JSON objects, as SNS delivers
them raw (``RawMessageDelivery``): what cannot be counted is reported, delivered again, and a dead letter in
the end. Kinesis hands it the records of ``show_changes``, shard by shard: from the first that is reported on,
all come again, until they are done with.

``MILLRACE_REDIS_SECRET_ARN`` names the secret with the URL of Redis; ``MILLRACE_REDIS_URL`` is the URL
itself, where it is no secret. ``MILLRACE_DEAD_LETTERS_URL`` is the queue for what no retry makes better.
"""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from redis.exceptions import AuthenticationError, ResponseError

import catalog
import dead_letters
import events
import shows
import stream_records
from connection import Client, connect, url_of
from counting import count
from events import MalformedEventError
from observations import KINDS, Observation, observation
from shows import Change

TYPES = (*KINDS, shows.KIND)
STREAM = "aws:kinesis"

Record = Mapping[str, Any]

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)


def handler(event: Mapping[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Counts a batch, and keeps what it says of shows.

    Raises:
        redis.exceptions.ConnectionError: Redis does not answer, or refuses the password; the whole batch is
            delivered again.
    """
    records: Sequence[Record] = event["Records"]
    # A batch is of one source.
    take = _of_stream if records[0]["eventSource"] == STREAM else _of_queue
    try:
        failed = take(records, datetime.now(UTC))
    except AuthenticationError:
        # The password was changed: the next batch reads the secret anew.
        _client.cache_clear()
        raise
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


def _of_queue(messages: Sequence[Record], now: datetime) -> list[str]:
    """Takes messages; ids of those that are to come again."""
    said: dict[str, Observation | Change] = {}
    failed: dict[str, Exception] = {}
    late = 0
    for record in messages:
        try:
            found = _said(record["body"], now)
        except MalformedEventError as error:
            failed[record["messageId"]] = error
            continue
        if found.is_late(now):
            late += 1
        else:
            said[record["messageId"]] = found
    failed |= _counted(said, now) | _listed(said, now)
    for name, why in failed.items():
        log.warning("message %s is not counted: %s", name, why)
    if late:
        log.warning("%d events are too late for these counters; the daily features count them", late)
    log.info(json.dumps({"records": len(messages), "failed": len(failed), "late": late}))
    return list(failed)


def _of_stream(records: Sequence[Record], now: datetime) -> list[str]:
    """Takes records; the sequence number from which on they are to come again, if there is one.

    What comes again changes nothing: of each show the catalog keeps what was said last.
    """
    batch = stream_records.read(records, now)
    failed = _listed(batch.changes, now)
    # What comes again is set aside then, and once.
    if unfit := batch.before(stream_records.first(failed)):
        failed |= dead_letters.send(_sqs(), os.environ["MILLRACE_DEAD_LETTERS_URL"], unfit)
    first = stream_records.first(failed)
    if first:
        log.warning("records from %s on come again: %s", first, failed[first])
    if batch.late:
        log.warning("%d changes of shows are too late: later ones may be forgotten by now", batch.late)
    told = {"records": len(records), "unfit": len(batch.unfit), "late": batch.late, "again_from": first}
    log.info(json.dumps(told))
    return [first] if first else []


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


@cache
def _sqs() -> Any:
    config = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
    return boto3.client("sqs", config=config)
