"""Pages of object names, rendered without moto's generic serializer (it takes 150 ms for 1,000)."""

import base64
import binascii
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from moto.s3.exceptions import InvalidArgumentError
from moto.s3.models import OWNER, FakeDeleteMarker, FakeKey

MAX_KEYS = 1000
NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
OWNER_XML = f"<Owner><DisplayName>webfile</DisplayName><ID>{OWNER}</ID></Owner>"


@dataclass(frozen=True)
class Request:
    """What the caller asked for; ``after`` is the name that the page begins behind."""

    prefix: str
    delimiter: str
    after: str
    max_keys: int
    arguments: Mapping[str, str]

    @classmethod
    def of(cls, arguments: Mapping[str, str], *, after: str) -> "Request":
        """Reads the query string, where ``after`` is the name of an argument.

        Raises:
            InvalidArgumentError: ``max-keys`` is no number from 0 up.
        """
        text = arguments.get("max-keys") or str(MAX_KEYS)
        if not text.isascii() or not text.isdigit():
            raise InvalidArgumentError("Provided max-keys is not a number from 0 up.", "max-keys", text)
        return cls(
            prefix=arguments.get("prefix", ""),
            delimiter=arguments.get("delimiter", ""),
            after=arguments.get(after, ""),
            max_keys=min(int(text), MAX_KEYS),
            arguments=arguments,
        )

    def continued(self, after: str) -> "Request":
        """The same request for what comes behind ``after``."""
        return replace(self, after=after)

    def encoded(self, name: str) -> str:
        """``name`` as the answer spells it."""
        return quote(name) if self.arguments.get("encoding-type") == "url" else escape(name)


@dataclass(frozen=True)
class Page:
    """Objects and common prefixes, and the last name if more follow."""

    objects: list[FakeKey]
    prefixes: list[str]
    last: str | None


Render = Callable[[str, Request, Page], str]


def page(keys: Any, request: Request) -> Page:
    """One page of ``keys`` (moto's versioned store), in the order of UTF-8 bytes as AWS sorts."""
    latest = {name: versions[-1] for name, versions in dict.items(keys.copy()) if versions}
    names = sorted(latest, key=str.encode)
    index = bisect_left(names, max(request.prefix, request.after).encode(), key=str.encode)
    objects: list[FakeKey] = []
    prefixes: list[str] = []
    last: str | None = None
    while index < len(names) and names[index].startswith(request.prefix):
        name = names[index]
        group = _group(name, request)
        if (
            name <= request.after
            or (group and group <= request.after)
            or isinstance(latest[name], FakeDeleteMarker)
        ):
            index += 1
            continue
        if len(objects) + len(prefixes) == request.max_keys:
            return Page(objects, prefixes, last)
        if group:
            prefixes.append(group)
            index = _behind(names, group, index)
        else:
            objects.append(latest[name])
            index += 1
        last = group or name
    return Page(objects, prefixes, None)


def _group(name: str, request: Request) -> str:
    """The common prefix that stands for ``name``, or an empty string."""
    if not request.delimiter:
        return ""
    end = name.find(request.delimiter, len(request.prefix))
    return name[: end + len(request.delimiter)] if end >= 0 else ""


def _behind(names: list[str], group: str, index: int) -> int:
    """The first index whose name does not begin with ``group``."""
    while index < len(names) and names[index].startswith(group):
        index += 1
    return index


def token_of(name: str) -> str:
    """A continuation token for the page behind ``name``."""
    return base64.urlsafe_b64encode(name.encode()).decode()


def name_of(token: str) -> str | None:
    """The name inside a continuation token, or None if we did not make it."""
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode() or None
    except (binascii.Error, UnicodeError):
        return None


def render_v1(bucket: str, request: Request, found: Page) -> str:
    """The answer to ListObjects."""
    parts = [_text("Marker", request.encoded(request.after))]
    if found.last is not None and request.delimiter:
        parts.append(_text("NextMarker", request.encoded(found.last)))
    return _render(bucket, request, found, parts, owner=OWNER_XML)


def render_v2(bucket: str, request: Request, found: Page) -> str:
    """The answer to ListObjectsV2."""
    parts = [_text("KeyCount", str(len(found.objects) + len(found.prefixes)))]
    if token := request.arguments.get("continuation-token"):
        parts.append(_text("ContinuationToken", escape(token)))
    if start := request.arguments.get("start-after"):
        parts.append(_text("StartAfter", request.encoded(start)))
    if found.last is not None:
        parts.append(_text("NextContinuationToken", token_of(found.last)))
    owner = OWNER_XML if request.arguments.get("fetch-owner") == "true" else ""
    return _render(bucket, request, found, parts, owner=owner)


def _render(bucket: str, request: Request, found: Page, parts: list[str], *, owner: str) -> str:
    head = [
        _text("Name", escape(bucket)),
        _text("Prefix", request.encoded(request.prefix)),
        _text("MaxKeys", str(request.max_keys)),
        _text("IsTruncated", "false" if found.last is None else "true"),
    ]
    if request.delimiter:
        head.append(_text("Delimiter", request.encoded(request.delimiter)))
    if "encoding-type" in request.arguments:
        head.append(_text("EncodingType", escape(request.arguments["encoding-type"])))
    contents = [_contents(stored, request, owner) for stored in found.objects]
    groups = [
        f"<CommonPrefixes>{_text('Prefix', request.encoded(name))}</CommonPrefixes>"
        for name in found.prefixes
    ]
    body = "".join([*head, *parts, *contents, *groups])
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult {NAMESPACE}>{body}</ListBucketResult>'


def _contents(stored: FakeKey, request: Request, owner: str) -> str:
    algorithm = stored.checksum_algorithm
    return (
        f"<Contents><Key>{request.encoded(stored.name)}</Key>"
        f"<LastModified>{stored.last_modified_ISO8601}</LastModified>"
        f"<ETag>{escape(stored.etag, {chr(34): '&quot;'})}</ETag><Size>{stored.size}</Size>"
        f"<StorageClass>{stored.storage_class}</StorageClass>{owner}"
        f"{_text('ChecksumAlgorithm', algorithm) if algorithm else ''}</Contents>"
    )


def _text(name: str, value: str) -> str:
    return f"<{name}>{value}</{name}>"
