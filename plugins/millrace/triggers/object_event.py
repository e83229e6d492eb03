"""Waits until there is an S3 object, by its event."""

from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from typing_extensions import override

from include.settings import settings
from millrace.hooks.s3 import split
from millrace.triggers.event_stream import EventStream
from millrace.triggers.event_trigger import EventTrigger
from millrace.triggers.routing import S3, Address

WILDCARDS = "*?["


class ObjectEventTrigger(EventTrigger):
    """Fires once, with URI, size and ETag, when there is an object that matches.

    Args:
        uri: an object; a folder, which ends in ``/`` and stands for any object in it; or a pattern with
            ``*``, ``?`` or ``[...]``, where ``*`` also matches ``/``.

    Only prefixes whose events EventBridge sends to the topic are heard at once; others are looked at
    as slowly as lost events are.
    """

    def __init__(
        self, uri: str, aws_conn_id: str | None = "aws_default", region_name: str | None = None
    ) -> None:
        super().__init__(aws_conn_id, region_name)
        self.uri = uri
        self.bucket, self.key = split(uri)
        self.look_again = timedelta(seconds=settings().reconcile_seconds)

    @override
    def arguments(self) -> dict[str, Any]:
        return {"uri": self.uri}

    @override
    def address(self) -> Address:
        return S3, self.bucket

    @override
    async def look(self, stream: EventStream) -> dict[str, Any] | None:
        client = await stream.client("s3")
        # Also for a single object: errors of HEAD have no code.
        pages = client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=literal_prefix(as_pattern(self.key))
        )
        async for page in pages:
            for item in page.get("Contents", []):
                if self._matches(item["Key"]):
                    return self._payload(item["Key"], item["Size"], item["ETag"])
        return None

    @override
    def heard(self, news: dict[str, Any]) -> dict[str, Any] | None:
        found = news.get("object") or {}
        key = str(found.get("key", ""))
        return self._payload(key, found.get("size"), found.get("etag")) if self._matches(key) else None

    def _matches(self, key: str) -> bool:
        """Whether a key is meant; never that of the empty object that consoles show as a folder."""
        return not key.endswith("/") and (key == self.key or fnmatchcase(key, as_pattern(self.key)))

    def _payload(self, key: str, size: int | None, etag: str | None) -> dict[str, Any]:
        return {"uri": f"s3://{self.bucket}/{key}", "size": size, "etag": (etag or "").strip('"')}


def as_pattern(key: str) -> str:
    """The pattern that a key stands for: any object in a folder, or itself."""
    return f"{key}*" if not key or key.endswith("/") else key


def literal_prefix(pattern: str) -> str:
    """What every key that matches begins with."""
    ends = [pattern.index(character) for character in WILDCARDS if character in pattern]
    return pattern[: min(ends, default=len(pattern))]
