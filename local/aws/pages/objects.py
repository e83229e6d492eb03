"""What the buckets hold, and each object as it is.

S3's own addresses refuse a browser, which sends no credentials. Objects are what jobs wrote, so a browser
that shows one must not take it for a part of this server: see :data:`SANDBOX`.
"""

import mimetypes
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from moto.s3.exceptions import MissingBucket
from moto.s3.models import FakeBucket, s3_backends
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from local.aws.pages.frame import OBJECTS, Crumb, NotThereError, page, second, sources
from local.aws.services.s3 import listing
from local.aws.services.s3.models import StoredObject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.aws.server import LocalAws

DELIMITER = "/"

SANDBOX = (
    "sandbox allow-downloads; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; img-src data: {pages}; media-src {pages}"
)
"""Policy of an object: an origin of its own, no scripts, no forms, and from here only other objects.

``'self'`` instead of the pages' addresses would also let it make GET requests to every AWS API of this port.
"""

TYPES = mimetypes.MimeTypes()  # Python's own table; the module's functions also read this machine's
UNSPECIFIC = {"", "binary/octet-stream", "application/octet-stream"}
"""What S3 says of an object whose writer said nothing."""
CONTENT_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(;[ -~]*)?", re.ASCII)
CODINGS = re.compile(r"[\w ,.-]+", re.ASCII)


@dataclass(frozen=True)
class Entry:
    """A row of a listing; a folder has no size and no time."""

    name: str
    address: str
    size: int | None = None
    time: str = ""


class Objects:
    """Answers below :data:`~local.aws.pages.frame.OBJECTS`."""

    def __init__(self, aws: "LocalAws") -> None:
        self._aws = aws

    def answer(self, request: Any, where: str) -> Any:
        """The page or object at a path below the root.

        Raises:
            NotThereError: no bucket, object or folder is there.
        """
        name, slash, path = where.partition("/")
        if not name and not path:
            return self._buckets()
        bucket = self._bucket(name)
        key, prefix = request.args.get("key", path), request.args.get("prefix", path)
        if "key" in request.args or (path and not path.endswith(DELIMITER) and "prefix" not in request.args):
            return self._object(request, bucket, key)
        if not slash:
            return redirect(address(name))
        return self._folder(bucket, prefix, request.args.get("after", ""))

    def _bucket(self, name: str) -> FakeBucket:
        try:
            return s3_backends[self._aws.account_id]["aws"].get_bucket(name)
        except MissingBucket as error:
            raise NotThereError("There is no bucket of this name.") from error

    def _buckets(self) -> Any:
        buckets = s3_backends[self._aws.account_id]["aws"].buckets.values()
        entries = [
            Entry(bucket.name, address(bucket.name), time=second(bucket.creation_date)) for bucket in buckets
        ]
        return _listing("Buckets", sorted(entries, key=lambda entry: entry.name), [Crumb("Buckets", OBJECTS)])

    def _object(self, request: Any, bucket: FakeBucket, key: str) -> Any:
        stored = bucket.keys.get(key)
        if not isinstance(stored, StoredObject):  # nothing, or the marker of a deletion
            if not _has_entries(listing.page(bucket.keys, _folder_request(f"{key}/", limit=1))):
                raise NotThereError(f"There is no object and no folder s3://{bucket.name}/{key}.")
            return redirect(address(bucket.name, f"{key}/"))
        headers = {
            "Content-Type": content_type(key, str(stored.metadata.get("content-type", ""))),
            "Content-Length": str(stored.body.size),
            "Content-Disposition": f"inline; filename*=UTF-8''{quote(key.rpartition('/')[2], safe='')}",
            "Content-Security-Policy": SANDBOX.format(pages=sources(self._aws, OBJECTS)),
        }
        coding = str(stored.metadata.get("content-encoding", ""))
        if CODINGS.fullmatch(coding):
            headers["Content-Encoding"] = coding
        body: Iterable[bytes] = [] if request.method == "HEAD" else stored.body.stream()
        return Response(body, headers=headers, direct_passthrough=True)

    @staticmethod
    def _folder(bucket: FakeBucket, prefix: str, after: str) -> Any:
        found = listing.page(bucket.keys, _folder_request(prefix, after))
        if prefix and not after and not _has_entries(found):
            raise NotThereError(f"There is no folder s3://{bucket.name}/{prefix}.")
        entries = [Entry(name[len(prefix) :], address(bucket.name, name)) for name in found.prefixes]
        for stored in found.objects:
            name = stored.name[len(prefix) :] or "(an object with the folder's own name)"
            time = second(stored.last_modified)
            entries.append(Entry(name, address(bucket.name, stored.name, is_object=True), stored.size, time))
        more = found.last and address(bucket.name, prefix, after=found.last)
        return _listing(f"s3://{bucket.name}/{prefix}", entries, _crumbs(bucket.name, prefix), more)


def address(bucket: str, name: str = "", *, is_object: bool = False, **query: str) -> str:
    """The path of the page of an object, or of a folder (an empty name, or one that ends with a slash).

    Browsers resolve ``.`` and ``..`` in a path, even percent-encoded, so such a name goes into the query.
    """
    folder = not is_object
    if {".", ".."} & set(name.split("/")) or (name.endswith("/") and not folder):
        query = {"prefix" if folder else "key": name} | query
        name = ""
    path = OBJECTS + quote(f"{bucket}/{name}")
    return f"{path}?{urlencode(query)}" if query else path


def content_type(key: str, stored: str) -> str:
    """What S3 says, unless it says nothing of use; then what the name says."""
    if stored.lower() not in UNSPECIFIC and CONTENT_TYPE.fullmatch(stored):
        return stored
    # With the slash, no name is taken for a URL with a scheme.
    guess, compressed = TYPES.guess_type(f"/{key.rpartition('/')[2]}")
    if guess is None or compressed:
        return "application/octet-stream"
    return f"{guess}; charset=utf-8" if guess.startswith("text/") else guess


def _folder_request(prefix: str, after: str = "", limit: int = listing.MAX_KEYS) -> listing.Request:
    return listing.Request(prefix, DELIMITER, after, limit, {})


def _has_entries(found: listing.Page) -> bool:
    return bool(found.objects or found.prefixes)


def _crumbs(bucket: str, prefix: str) -> list[Crumb]:
    """The way up: all buckets, the bucket, and each folder on the way to ``prefix``."""
    folders = prefix.split(DELIMITER)[:-1]
    return [
        Crumb("Buckets", OBJECTS),
        Crumb(bucket, address(bucket)),
        *(
            Crumb(name or "(empty)", address(bucket, DELIMITER.join([*folders[:depth], name, ""])))
            for depth, name in enumerate(folders)
        ),
    ]


def _listing(title: str, entries: list[Entry], crumbs: list[Crumb], more: str | None = None) -> Any:
    return page("objects.html", title, crumbs, entries=entries, more=more)
