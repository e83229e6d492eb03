"""Buckets as a tree of files, as Hadoop's S3A sees them.

A key is a file. What a key has before a slash is a directory: it is there as long as a key is below it. An
empty object whose key ends in a slash marks a directory that holds nothing yet.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from moto.s3.exceptions import MissingBucket
from moto.s3.models import s3_backends

from local.aws.services.s3 import listing
from local.aws.services.s3.bodies import Bodies, Body
from local.aws.services.s3.models import LocalS3, StoredObject
from local.aws.webhdfs.place import Place


@dataclass(frozen=True)
class Status:
    """A file or directory.

    Attributes:
        name: last part of its path.
        size: bytes; None for a directory.
        modified: milliseconds since the epoch; 0 for a directory.
    """

    name: str
    size: int | None = None
    modified: int = 0


class Tree:
    """The buckets of an account. Whoever changes it holds snapshots off meanwhile."""

    def __init__(self, account: str) -> None:
        self._account = account

    def status(self, place: Place) -> Status:
        """Raises `FileNotFoundError`. Of a file and a directory of one name it is the file."""
        name = place.key.rpartition("/")[2]
        if not place.key:
            if place.bucket:
                self._bucket(place.bucket)
            return Status(name)
        if stored := self._object(place):
            return _status(name, stored)
        if next(self._below(place), None) is None:
            raise FileNotFoundError(f"{place} is not there: no object has this key or begins with {place}/.")
        return Status(name)

    def entries(self, place: Place) -> list[Status]:
        """What is in a directory, in the order of names; of a file, the file under an empty name.

        Raises:
            FileNotFoundError: there is neither.
        """
        if not place.bucket:
            return [Status(name) for name in sorted(self._backend.buckets)]
        if place.key and (stored := self._object(place)):
            return [_status("", stored)]
        self.status(place)
        found: dict[str, Status] = {}
        for page in self._pages(place, listing.Request(place.prefix, "/", "", listing.MAX_KEYS, {})):
            for group in page.prefixes:
                name = group[len(place.prefix) : -1]
                # A key like a//b makes a directory without a name, which no path leads to.
                if name:
                    found.setdefault(name, Status(name))
            for item in page.objects:
                if name := item.name[len(place.prefix) :]:
                    found[name] = _status(name, cast("StoredObject", item))
        return sorted(found.values(), key=lambda status: status.name)

    def read(self, place: Place) -> Body:
        """Raises `FileNotFoundError` and `IsADirectoryError`."""
        if self.status(place).size is None:
            raise IsADirectoryError(f"{place} is a directory.")
        stored = self._object(place)
        if stored is None:
            raise FileNotFoundError(f"{place} is gone.")
        return stored.body

    def check_writable(self, place: Place, *, overwrite: bool) -> None:
        """Whether a file may be made here.

        Raises:
            FileExistsError: there is one, or a directory.
            NotADirectoryError: a file is where its directory would be.
            FileNotFoundError: there is no such bucket.
        """
        if not place.key:
            raise FileExistsError(f"{place} is a bucket.")
        self._bucket(place.bucket)
        self._check_parents(place)
        try:
            there = self.status(place)
        except FileNotFoundError:
            return
        if there.size is None:
            raise FileExistsError(f"{place} is a directory.")
        if not overwrite:
            raise FileExistsError(f"{place} is there already.")

    def write(self, place: Place, body: Body) -> None:
        """Makes a file, or replaces one."""
        self._backend.put_object(place.bucket, place.key, body)

    def make_directory(self, place: Place) -> None:
        """Marks a directory, unless there is one. Raises as `check_writable` does of a file in its place."""
        self._bucket(place.bucket)
        self._check_parents(place)
        try:
            there = self.status(place)
        except FileNotFoundError:
            self._backend.put_object(place.bucket, place.prefix, Bodies.current().add(b""))
            return
        if there.size is not None:
            raise FileExistsError(f"{place} is a file.")

    def rename(self, source: Place, target: Place) -> bool:
        """Moves a file or directory, into the target if that is a directory; False if that cannot be done.

        Like S3's own way, every object is copied and deleted: whoever looks meanwhile sees some of them.
        """
        if not source.key or source.bucket != target.bucket:
            return False
        try:
            moved = self.status(source)
        except FileNotFoundError:
            return False
        target = self._resolved(source, target)
        if not target.key or target == source or target.key.startswith(source.prefix) or self._taken(target):
            return False
        if moved.size is not None:
            self._move(source.bucket, source.key, target.key)
            return True
        for key in list(self._below(source)):
            self._move(source.bucket, key, target.prefix + key[len(source.prefix) :])
        return True

    def delete(self, place: Place, *, recursive: bool) -> bool:
        """Deletes a file or directory; False if there is none.

        Raises:
            PermissionError: it is a bucket.
            OSError: the directory is not empty and `recursive` is not set.
        """
        if not place.key:
            raise PermissionError(f"{place} is a bucket: delete it through the API of S3.")
        if self._object(place):
            self._backend.delete_object(place.bucket, place.key)
            return True
        keys = list(self._below(place))
        if not recursive and any(key != place.prefix for key in keys):
            raise OSError(f"{place} is not empty.")
        for key in keys:
            self._backend.delete_object(place.bucket, key)
        return bool(keys)

    def summary(self, place: Place) -> tuple[int, int, int]:
        """Bytes, files and directories at a place and below it. Raises `FileNotFoundError`."""
        there = self.status(place)
        if there.size is not None:
            return there.size, 1, 0
        size = files = 0
        directories = {place.key}
        for item in self._objects_below(place):
            parts = item.name.split("/")[:-1]
            directories |= {"/".join(parts[: end + 1]) for end in range(len(parts))}
            if not item.name.endswith("/"):
                size, files = size + int(item.size), files + 1
        inside = [name for name in directories if name == place.key or name.startswith(place.prefix)]
        return size, files, len(inside)

    # What these are made of

    @property
    def _backend(self) -> LocalS3:
        return cast("LocalS3", s3_backends[self._account]["aws"])

    def _bucket(self, name: str) -> Any:
        try:
            return self._backend.get_bucket(name)
        except MissingBucket:
            raise FileNotFoundError(f"The bucket {name!r} does not exist.") from None

    def _object(self, place: Place) -> StoredObject | None:
        self._bucket(place.bucket)
        return cast("StoredObject | None", self._backend.get_object(place.bucket, place.key))

    def _pages(self, place: Place, request: listing.Request) -> Iterator[listing.Page]:
        keys = self._bucket(place.bucket).keys
        while True:
            page = listing.page(keys, request)
            yield page
            if page.last is None:
                return
            request = request.continued(page.last)

    def _objects_below(self, place: Place) -> Iterator[Any]:
        for page in self._pages(place, listing.Request(place.prefix, "", "", listing.MAX_KEYS, {})):
            yield from page.objects

    def _below(self, place: Place) -> Iterator[str]:
        """The keys below a directory, its marker among them."""
        return (item.name for item in self._objects_below(place))

    def _check_parents(self, place: Place) -> None:
        for parent in place.parents:
            if self._object(parent):
                raise NotADirectoryError(f"{parent} is a file: {place} cannot be made below it.")

    def _resolved(self, source: Place, target: Place) -> Place:
        """The target, or the place inside it if it is a directory."""
        try:
            directory = self.status(target).size is None
        except FileNotFoundError:
            directory = False
        name = source.key.rpartition("/")[2]
        return Place(target.bucket, f"{target.prefix}{name}") if directory else target

    def _taken(self, place: Place) -> bool:
        try:
            self.status(place)
        except FileNotFoundError:
            return any(self._object(parent) for parent in place.parents)
        return True

    def _move(self, bucket: str, old: str, new: str) -> None:
        stored = self._backend.get_object(bucket, old)
        if stored is None:
            raise FileNotFoundError(f"s3://{bucket}/{old} was deleted while it was renamed.")
        self._backend.copy_object(cast("StoredObject", stored), bucket, new)
        self._backend.delete_object(bucket, old)


def _status(name: str, stored: StoredObject) -> Status:
    return Status(name, int(stored.contentsize), int(stored.last_modified.timestamp() * 1000))
