"""The function: changes of shows, of a queue, become records of a stream with what the catalog says.

Messages are as SNS delivers them raw (``RawMessageDelivery``), and the event source mapping has
``ReportBatchItemFailures``: what cannot be read, or asked about now, SQS delivers again, and in the end it
is a dead letter. ``MILLRACE_CATALOG_URL`` says where the catalog is, ``MILLRACE_CATALOG_TOKEN`` who asks it,
``MILLRACE_STREAM`` where records go.
"""

import json
import logging
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from catalog import Catalog, CatalogUnavailableError, HttpCatalog, UnknownShowError
from changes import MalformedChangeError, change
from records import record
from stream import Record, put

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)


def handler(event: Mapping[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Takes a batch.

    Raises:
        botocore.exceptions.ClientError: Kinesis refuses the request; the whole batch is delivered again.
    """
    ready, failed = enriched(event["Records"], _catalog())
    if ready:
        failed |= put(_kinesis(), os.environ["MILLRACE_STREAM"], ready)
    for name, why in failed.items():
        log.warning("message %s goes back: %s", name, why)
    log.info(json.dumps({"records": len(event["Records"]), "failed": len(failed)}))
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


def enriched(messages: list[Mapping[str, Any]], catalog: Catalog) -> tuple[dict[str, Record], dict[str, str]]:
    """Message id -> its record, and message id -> why there is none.

    The catalog is asked once for each show. Where it does not answer it is not asked again: the time of this
    invocation would not be enough for a timeout for each.
    """
    ready: dict[str, Record] = {}
    failed: dict[str, str] = {}
    shows: dict[str, Mapping[str, Any]] = {}
    unavailable = ""
    for message in messages:
        name = message["messageId"]
        try:
            found = change(message["body"])
            if found.show_id not in shows:
                if unavailable:
                    failed[name] = unavailable
                    continue
                shows[found.show_id] = catalog.show(found.show_id)
            ready[name] = Record(found.show_id, record(found, shows[found.show_id]))
        except (MalformedChangeError, UnknownShowError) as error:
            failed[name] = str(error)
        except CatalogUnavailableError as error:
            failed[name] = unavailable = str(error)
    return ready, failed


@cache
def _catalog() -> Catalog:
    """Kept while the environment is warm."""
    return HttpCatalog(os.environ["MILLRACE_CATALOG_URL"], os.environ.get("MILLRACE_CATALOG_TOKEN", ""))


@cache
def _kinesis() -> Any:
    retries = Config(
        retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=2, read_timeout=10
    )
    return boto3.client("kinesis", config=retries)
