"""Waits until there is an S3 object, by its event."""

from datetime import timedelta
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError
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
        pattern = as_pattern(self.key)
        if pattern is None:
            return await self._look_at(client)
        pages = client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=literal_prefix(pattern)
        )
        async for page in pages:
            for item in page.get("Contents", []):
                if fnmatchcase(item["Key"], pattern) and not item["Key"].endswith("/"):
                    return self._payload(item["Key"], item["Size"], item["ETag"])
        return None

    @override
    def heard(self, news: dict[str, Any]) -> dict[str, Any] | None:
        found = news.get("object") or {}
        key = str(found.get("key", ""))
        pattern = as_pattern(self.key)
        matches = key == self.key if pattern is None else fnmatchcase(key, pattern)
        if not matches or (pattern and key.endswith("/")):
            return None
        return self._payload(key, found.get("size"), found.get("etag"))

    async def _look_at(self, client: Any) -> dict[str, Any] | None:
        try:
            answer = await client.head_object(Bucket=self.bucket, Key=self.key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.NOT_FOUND:
                return None
            raise
        return self._payload(self.key, answer["ContentLength"], answer["ETag"])

    def _payload(self, key: str, size: int | None, etag: str | None) -> dict[str, Any]:
        return {"uri": f"s3://{self.bucket}/{key}", "size": size, "etag": (etag or "").strip('"')}


def as_pattern(key: str) -> str | None:
    """The pattern that a key stands for, or None if it stands for itself."""
    if not key or key.endswith("/"):
        return f"{key}*"
    return key if any(character in key for character in WILDCARDS) else None


def literal_prefix(pattern: str) -> str:
    """What every key that matches begins with."""
    ends = [pattern.index(character) for character in WILDCARDS if character in pattern]
    return pattern[: min(ends, default=len(pattern))]
