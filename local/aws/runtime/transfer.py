"""Files between S3 and a container's folders, streamed, and archives that are the same for the same files."""

import gzip
import json
import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlparse

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class NothingToDownloadError(LookupError):
    """An input names no object, or one that is not there: of the latter SageMaker says this message."""


class UploadError(RuntimeError):
    """A result could not be written to S3."""


class Readable(Protocol):
    """What boto3 uploads."""

    def read(self, size: int = -1) -> bytes:
        """The next bytes; none at the end."""
        ...


@dataclass(frozen=True)
class S3Uri:
    """A bucket and a key or prefix."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str) -> "S3Uri":
        """Raises ValueError for what is not ``s3://bucket/key``. A key may hold ``?`` and ``#``."""
        scheme, _, rest = text.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket:
            raise ValueError(f"{text!r} is not an S3 URI: give s3://bucket/key.")
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def child(self, name: str) -> "S3Uri":
        """A key below this one."""
        return S3Uri(self.bucket, f"{self.key.rstrip('/')}/{name}" if self.key else name)


@dataclass(frozen=True)
class Item:
    """An object of an input.

    Attributes:
        uri: where it is.
        name: its path in the input's folder; one that ends in a slash is a folder.
        size: bytes; -1 where a manifest names it and nobody asked S3.
    """

    uri: S3Uri
    name: str
    size: int = -1


def objects(client: "S3Client", uri: S3Uri, data_type: str = "S3Prefix") -> list[Item]:
    """What an input names, in order.

    Args:
        client: of the bucket's region.
        uri: an object, a prefix or a manifest.
        data_type: ``S3Prefix`` or ``ManifestFile``.

    Raises:
        NothingToDownloadError: no object, or no bucket; or the manifest is none.
    """
    with _missing_is_nothing(uri):
        found = list(_manifest(client, uri) if data_type == "ManifestFile" else _prefix(client, uri))
    if not found:
        raise NothingToDownloadError(_nothing(uri))
    return found


def with_sizes(client: "S3Client", items: Iterable[Item]) -> list[Item]:
    """The same objects with the sizes that S3 says.

    Raises:
        NothingToDownloadError: one of them is not there.
    """
    return [item if item.size >= 0 else replace(item, size=_size(client, item.uri)) for item in items]


def _size(client: "S3Client", uri: S3Uri) -> int:
    with _missing_is_nothing(uri):
        return client.head_object(Bucket=uri.bucket, Key=uri.key)["ContentLength"]


def download(
    client: "S3Client",
    uri: S3Uri,
    folder: Path,
    *,
    data_type: str = "S3Prefix",
    shard: tuple[int, int] = (0, 1),
) -> int:
    """Copies what an input names into `folder`; returns the number of objects.

    Args:
        client: of the bucket's region.
        uri: an object, a prefix or a manifest.
        folder: is made if it is missing.
        data_type: ``S3Prefix`` or ``ManifestFile``.
        shard: index and count of the hosts that share the objects (``ShardedByS3Key``).

    Raises:
        NothingToDownloadError: no object, or no bucket; the manifest is none, or names what is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = objects(client, uri, data_type)
    for item in found[shard[0] :: shard[1]]:
        target = target_in(folder, item)
        if not item.name.endswith("/"):
            with _missing_is_nothing(item.uri):
                client.download_file(item.uri.bucket, item.uri.key, str(target))
    return len(found)


def target_in(folder: Path, item: Item) -> Path:
    """Where an object of an input goes; makes the folders on the way.

    Raises:
        ValueError: that is outside the input's folder.
    """
    target = folder / item.name
    if not target.resolve().is_relative_to(folder.resolve()):
        raise ValueError(
            f"The key of {item.uri} would be written outside the input's folder: rename the object."
        )
    (target if item.name.endswith("/") else target.parent).mkdir(parents=True, exist_ok=True)
    return target


@contextmanager
def _missing_is_nothing(uri: S3Uri) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchBucket", "NoSuchKey", "404"):
            raise
        raise NothingToDownloadError(_nothing(uri)) from error


def _nothing(uri: S3Uri) -> str:
    return (
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the '
        "bucket exists in the selected region, that objects exist under that S3 prefix, and that the "
        f'role has "s3:ListBucket" permissions on bucket "{uri.bucket}".'
    )


def _prefix(client: "S3Client", uri: S3Uri) -> Iterator[Item]:
    """Objects under a prefix."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=uri.bucket, Prefix=uri.key)
    for page in pages:
        for item in page.get("Contents", []):
            if name := name_below(uri.key, item["Key"]):
                yield Item(S3Uri(uri.bucket, item["Key"]), name, item["Size"])


def name_below(prefix: str, key: str) -> str:
    """The path of an object in its input folder; empty for the prefix's own folder marker.

    >>> name_below("a/train", "a/train/x.csv"), name_below("a/tr", "a/train.csv")
    ('x.csv', 'train.csv')
    """
    if key == prefix and not key.endswith("/"):
        return PurePosixPath(key).name
    if prefix and not prefix.endswith("/") and not key.startswith(prefix + "/"):
        return key[prefix.rfind("/") + 1 :]
    return key[len(prefix) :].lstrip("/")


def _manifest(client: "S3Client", uri: S3Uri) -> Iterator[Item]:
    """Objects that a manifest names.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html
    """
    try:
        body = json.loads(client.get_object(Bucket=uri.bucket, Key=uri.key)["Body"].read())
    except ValueError as error:
        raise NothingToDownloadError(f"The manifest {uri} is not JSON: {error}.") from error
    match body:
        case [{"prefix": str(prefix)}, *names] if names and all(isinstance(name, str) for name in names):
            base = S3Uri.parse(prefix)
        case _:
            raise NothingToDownloadError(
                f'The manifest {uri} names no objects: give [{{"prefix": "s3://bucket/"}}, "a/key", ...].'
            )
    for name in names:
        yield Item(S3Uri(base.bucket, base.key + name), name)


def upload_tree(client: "S3Client", folder: Path, uri: S3Uri) -> int:
    """Every file below `folder` to keys below `uri`; returns their number."""
    count = 0
    for path in files(folder):
        upload_file(client, path, uri.child(path.relative_to(folder).as_posix()))
        count += 1
    return count


def upload_file(client: "S3Client", path: Path, uri: S3Uri) -> None:
    """Raises `UploadError` with the reason in a sentence."""
    try:
        client.upload_file(str(path), uri.bucket, uri.key)
    except (ClientError, S3UploadFailedError) as error:
        raise UploadError(f"Could not upload {path.name} to {uri}: {error}") from error


def upload_stream(client: "S3Client", content: Readable, uri: S3Uri) -> None:
    """Sends what can be read, however much that is. Raises `UploadError` with the reason in a sentence."""
    try:
        client.upload_fileobj(content, uri.bucket, uri.key)  # type: ignore[arg-type]  # it only reads
    except (ClientError, S3UploadFailedError) as error:
        raise UploadError(f"Could not upload to {uri}: {error}") from error


def files(folder: Path) -> list[Path]:
    """Regular files below a folder, sorted by path; links that leave the folder are left out."""
    inside = folder.resolve()
    found = []
    for parent, _, names in os.walk(folder):
        paths = (Path(parent) / name for name in names)
        found += [p for p in paths if p.is_file() and p.resolve().is_relative_to(inside)]
    return sorted(found)


def pack(folders: Iterable[Path], archive: Path) -> None:
    """A ``.tar.gz`` of the folders' contents: the same files always give the same bytes.

    Owner, time and the order of the directory do not enter. Of a name in several folders the first counts.
    """
    members: dict[str, Path] = {}
    for folder in folders:
        for path in files(folder):
            members.setdefault(path.relative_to(folder).as_posix(), path)
    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name in sorted(members):
            _add(tar, members[name], name)


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    with path.open("rb") as content:
        info = tarfile.TarInfo(name)
        info.size = os.fstat(content.fileno()).st_size
        info.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
        tar.addfile(info, content)


def unpack(client: "S3Client", uri: S3Uri, folder: Path) -> None:
    """Downloads a ``.tar.gz`` and extracts it with the data filter.

    Raises:
        NothingToDownloadError: the object is not there.
        tarfile.TarError: it is no archive, or a member would leave the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        name = PurePosixPath(urlparse(str(uri)).path).name or "archive"
        download(client, uri, Path(scratch))
        with tarfile.open(Path(scratch) / name, "r:*") as tar:
            tar.extractall(folder, filter="data")
