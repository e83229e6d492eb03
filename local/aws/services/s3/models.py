"""moto's S3 backend with object bodies in files."""

import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, ClassVar

from moto.s3.exceptions import EntityTooSmall, InvalidPart, MalformedXML, NoSuchUpload
from moto.s3.models import (
    FakeBucket,
    FakeKey,
    FakeMultipart,
    MultipartChecksumBuilder,
    S3Backend,
    s3_backends,
)
from moto.settings import S3_UPLOAD_PART_MIN_SIZE
from moto.utilities.utils import md5_hash
from typing_extensions import override

from local.aws.services.s3.bodies import Bodies, Body

Checksum = tuple[str, str, int]
"""Type (``COMPOSITE`` or ``FULL_OBJECT``), base64 value, number of parts."""


class StoredObject(FakeKey):
    """An object version, or a part of an upload; its body is a file."""

    body: Body

    def __init__(self, name: str, value: Body | bytes, *args: Any, **options: Any) -> None:
        super().__init__(name, value, *args, **options)  # type: ignore[arg-type]  # see the setter of value
        del self._value_buffer

    @property
    def value(self) -> bytes:
        """The whole body in memory: for moto's services that read S3 in this process."""
        return self.body.read()

    @value.setter
    def value(self, new: Body | bytes | str) -> None:
        if isinstance(new, str):
            new = new.encode()
        self.body = new if isinstance(new, Body) else Bodies.current().add(new)
        self.contentsize = self.body.size

    @property
    def etag(self) -> str:
        """The quoted entity tag: the body's MD5, or what a multipart upload made of its parts'."""
        return f'"{self._etag or self.body.md5}"'

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, lock=threading.Lock())

    def dispose(self, garbage: bool = False) -> None:
        """Gives the body up, unless Python only forgets this object (at shutdown, or a copy of it)."""
        if not garbage and not self.disposed:
            self.body.drop()
            self.disposed = True


class Streamed:
    """An object whose ``value`` is not in memory but made on demand; all else is the object's."""

    def __init__(self, stored: StoredObject, value: Callable[[], Any]) -> None:
        self._stored = stored
        self._value = value

    @property
    def value(self) -> Any:
        """Made anew each time that it is asked for."""
        return self._value()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stored, name)


class StoredMultipart(FakeMultipart):
    """An upload in parts that is joined on disk."""

    def complete(self, body: Iterator[tuple[int, str]]) -> tuple[Any, str, Checksum | None]:
        """The joined body, its entity tag and its checksum.

        Raises:
            InvalidPart: a part was not uploaded or has another entity tag.
            EntityTooSmall: a part other than the last is under 5 MiB.
        """
        parts = [self._part(number, etag) for number, etag in body]
        if not parts:
            raise MalformedXML
        if any(part.contentsize < S3_UPLOAD_PART_MIN_SIZE for part in parts[:-1]):
            raise EntityTooSmall
        digests = b"".join(bytes.fromhex(part.etag.strip('"')) for part in parts)
        etag = f"{md5_hash(digests).hexdigest()}-{len(parts)}"
        joined = Bodies.current().join(part.body for part in parts)
        return joined, etag, self._checksum(parts)

    def _part(self, number: int, etag: str) -> StoredObject:
        part: Any = self.parts.get(number)
        if part is None or part.etag.strip('"') != etag.strip('"'):
            raise InvalidPart
        stored: StoredObject = part
        return stored

    def _checksum(self, parts: list[StoredObject]) -> Checksum | None:
        algorithm = self.metadata.get("x-amz-checksum-algorithm")
        if algorithm is None:
            return None
        builder = MultipartChecksumBuilder(algorithm, self.metadata.get("x-amz-checksum-type"))
        for part in parts:
            builder.addPart(part.value)
        return builder.build()

    def __getstate__(self) -> dict[str, Any]:
        return vars(self)


class LocalS3(S3Backend):
    """The backend of one account.

    Versions of a key are read, extended and written back by moto, so changes of objects take turns.
    """

    paths: ClassVar[ModuleType]
    """Set by ``install``: the module of paths imports the answers, which import this module."""
    turns: ClassVar = threading.RLock()

    @property
    def _url_module(self) -> Any:
        return self.paths

    @override
    def put_object(self, *args: Any, **options: Any) -> FakeKey:
        with self.turns:
            return super().put_object(*args, **options)

    @override
    def delete_object(self, *args: Any, **options: Any) -> Any:
        with self.turns:
            return super().delete_object(*args, **options)

    def put_object_tagging(self, key: FakeKey, tags: dict[str, str] | None) -> FakeKey:
        """Sets the tags; moto calls this for every new object, and would send an event for it."""
        if not tags and not self.tagger.has_tags(key.arn):
            return key
        return super().put_object_tagging(key, tags)

    def copy_object(self, src_key: FakeKey, *args: Any, **options: Any) -> None:
        """Copies without reading: the new object's body is a second link to the file."""
        source: Any = src_key
        super().copy_object(Streamed(source, source.body.copy), *args, **options)  # type: ignore[arg-type]

    def upload_part_copy(  # noqa: PLR0917  # moto's signature
        self,
        dest_bucket_name: str,
        multipart_id: str,
        part_id: int,
        src_bucket_name: str,
        src_key_name: str,
        src_version_id: str | None,
        start_byte: int | None,
        end_byte: int | None,
    ) -> FakeKey:
        """Makes a part of a range (both ends inclusive) of another object."""
        multipart = self.get_bucket(dest_bucket_name).multiparts.get(multipart_id)
        if multipart is None:
            raise NoSuchUpload(upload_id=multipart_id)
        source: Any = self.get_object(src_bucket_name, src_key_name, version_id=src_version_id)
        if start_byte is None or end_byte is None:
            return multipart.set_part(part_id, source.body.copy())
        part = Bodies.current().join([source.body.stream()[start_byte : end_byte + 1]])
        return multipart.set_part(part_id, part)  # type: ignore[arg-type]  # goes to StoredObject


def stored_bodies() -> Iterator[Body]:
    """The bodies that objects and unfinished uploads of all accounts name."""
    for _, _, backend in s3_backends.iter_backends():
        for bucket in backend.buckets.values():  # type: ignore[attr-defined]
            yield from _bodies_of(bucket)


def _bodies_of(bucket: FakeBucket) -> Iterator[Body]:
    for _, versions in bucket.keys.lists():
        yield from (version.body for version in versions if isinstance(version, StoredObject))
    for upload in bucket.multiparts.values():
        yield from (part.body for part in upload.parts.values() if isinstance(part, StoredObject))
