"""To whom an EventBridge event belongs: the address under which a trigger waits for its news."""

from collections.abc import Mapping
from typing import Any

import jmespath

from millrace.jobs import KINDS

Address = tuple[str, str]
"""A kind of job and a job's name, or ``S3`` and a bucket."""

S3 = "aws.s3"
OBJECT_CREATED = "Object Created"

_KINDS = {(kind.event.source, kind.event.detail_type): kind for kind in KINDS.values()}


def route(event: Mapping[str, Any]) -> tuple[Address, Any] | None:
    """The address of an event and its news: a job's status, or the detail of a new object.

    None for an event that no trigger can wait for.
    """
    meaning = (str(event.get("source")), str(event.get("detail-type")))
    if meaning == (S3, OBJECT_CREATED):
        bucket = jmespath.search("detail.bucket.name", event)
        return ((S3, bucket), event["detail"]) if isinstance(bucket, str) else None
    kind = _KINDS.get(meaning)
    read = kind.event.read(event) if kind else None
    return ((kind.name, read[0]), read[1]) if kind and read else None
