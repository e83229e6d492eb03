"""To whom an EventBridge event belongs: the address under which a trigger waits for its news."""

from collections.abc import Iterator, Mapping
from typing import Any

import jmespath

from include.naming import batch_of
from millrace.jobs import KINDS, JobKind

Address = tuple[str, str]
"""A kind of job and a job's name, ``S3`` and a bucket, or a batch."""

S3 = "aws.s3"
OBJECT_CREATED = "Object Created"

_KINDS = {
    (kind.event.source, kind.event.detail_type): (kind, kind.event) for kind in KINDS.values() if kind.event
}


def batch_address(kind: JobKind, name: str) -> Address:
    """The address of all jobs that one launch has started; their news are name and status."""
    return f"batch of {kind.name}", name


def route(event: Mapping[str, Any]) -> list[tuple[Address, Any]]:
    """The addresses of an event and its news there: a job's status, or the detail of a new object.

    Empty for an event that no trigger can wait for.
    """
    meaning = (str(event.get("source")), str(event.get("detail-type")))
    if meaning == (S3, OBJECT_CREATED):
        bucket = jmespath.search("detail.bucket.name", event)
        return [((S3, bucket), event["detail"])] if isinstance(bucket, str) else []
    if meaning not in _KINDS:
        return []
    kind, pattern = _KINDS[meaning]
    read = pattern.read(event)
    return list(_of_job(kind, *read)) if read else []


def _of_job(kind: JobKind, name: str, status: str) -> Iterator[tuple[Address, Any]]:
    yield (kind.name, name), status
    if kind.in_batches:
        yield batch_address(kind, batch_of(name)), (name, status)
