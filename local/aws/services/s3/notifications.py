"""The events that S3 sends to EventBridge."""

import logging
from itertools import count
from typing import Any
from uuid import uuid4

from moto.s3.models import FakeDeleteMarker
from moto.s3.notifications import _detail_type

from local.aws.services.events.bus import publish

log = logging.getLogger(__name__)

_sequence = count(1)


def send_event(account_id: str, bucket: Any, event_name: Any, key: Any) -> None:
    """Publishes what happened to ``key``; a bus that fails does not fail the request."""
    reason = event_name.value.removeprefix("s3:").partition(":")[0]
    described = {
        "key": key.name,
        "size": getattr(key, "size", 0),
        "etag": getattr(key, "etag", "").strip('"'),
        "sequencer": f"{next(_sequence):016X}",
    }
    if key.version_id != "null":
        described["version-id"] = key.version_id
    detail = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": described,
        "request-id": uuid4().hex[:16].upper(),
        "requester": account_id,
        "source-ip-address": "127.0.0.1",
        "reason": REASONS.get(event_name.value, reason),
    }
    if event_name.value.startswith("s3:ObjectRemoved"):
        marker = isinstance(key, FakeDeleteMarker)
        detail["deletion-type"] = "Delete Marker Created" if marker else "Permanently Deleted"
    try:
        publish("aws.s3", _detail_type(event_name), detail, [bucket.arn], account_id, bucket.region_name)
    except Exception:  # events leave S3 after the answer; the caller cannot be told
        log.exception("The event %s of s3://%s/%s was lost", event_name.value, bucket.name, key.name)


REASONS = {
    "s3:ObjectCreated:Put": "PutObject",
    "s3:ObjectCreated:Post": "POST Object",
    "s3:ObjectCreated:Copy": "CopyObject",
    "s3:ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "s3:ObjectRemoved:Delete": "DeleteObject",
    "s3:ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
}
"""The detail's ``reason`` is the API call, not the name of the notification."""
