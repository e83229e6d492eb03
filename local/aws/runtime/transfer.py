"""Files between S3 and a container's folders, streamed, and archives that are the same for the same files."""

import gzip
import json
import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlparse

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class NothingToDownloadError(LookupError):
    """No object answers to an input's URI; the message is the one that SageMaker gives."""


class UploadError(RuntimeError):
    """A result could not be written to S3."""


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
        NothingToDownloadError: no object, or no bucket.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listing = _manifest(client, uri) if data_type == "ManifestFile" else _prefix(client, uri)
    found = 0
    try:
        for index, (source, name) in enumerate(listing):
            found += 1
            if index % shard[1] == shard[0]:
                _fetch(client, source, folder, name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchBucket", "NoSuchKey", "404"):
            raise
        found = 0
    if not found:
        raise NothingToDownloadError(
            f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the '
            "bucket exists in the selected region, that objects exist under that S3 prefix, and that the "
            f'role has "s3:ListBucket" permissions on bucket "{uri.bucket}".'
        )
    return found


def _fetch(client: "S3Client", source: S3Uri, folder: Path, name: str) -> None:
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()):
        raise ValueError(
            f"The key of {source} would be written outside the input's folder: rename the object."
        )
    if name.endswith("/"):
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    client.download_file(source.bucket, source.key, str(target))


def _prefix(client: "S3Client", uri: S3Uri) -> Iterator[tuple[S3Uri, str]]:
    """Objects under a prefix and the names that they get in the folder."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=uri.bucket, Prefix=uri.key)
    for page in pages:
        for item in page.get("Contents", []):
            if name := name_below(uri.key, item["Key"]):
                yield S3Uri(uri.bucket, item["Key"]), name


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


def _manifest(client: "S3Client", uri: S3Uri) -> Iterator[tuple[S3Uri, str]]:
    body = json.loads(client.get_object(Bucket=uri.bucket, Key=uri.key)["Body"].read())
    if not (isinstance(body, list) and body and isinstance(body[0], dict) and "prefix" in body[0]):
        raise ValueError(f'The manifest {uri} must be a list that starts with {{"prefix": "s3://..."}}.')
    base = S3Uri.parse(body[0]["prefix"])
    for name in body[1:]:
        yield S3Uri(base.bucket, base.key + name), name


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


def files(folder: Path) -> list[Path]:
    """Regular files below a folder, sorted by path; links that leave the folder are left out."""
    inside = folder.resolve()
    found = []
    for parent, _, names in os.walk(folder):
        paths = (Path(parent) / name for name in names)
        found += [p for p in paths if p.is_file() and p.resolve().is_relative_to(inside)]
    return sorted(found)


class ContinuousUpload:
    """Uploads files as they appear and again when they change."""

    def __init__(self, client: "S3Client", folder: Path, uri: S3Uri) -> None:
        self._client, self._folder, self._uri = client, folder, uri
        self._seen: dict[Path, tuple[int, int]] = {}
        self._sent: dict[Path, tuple[int, int]] = {}

    def sync(self, *, final: bool = False) -> None:
        """Sends what has not changed since the last look; everything that is new, at the end."""
        for path in files(self._folder):
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            now = (stat.st_mtime_ns, stat.st_size)
            if self._sent.get(path) != now and (final or self._seen.get(path) == now):
                upload_file(self._client, path, self._uri.child(path.relative_to(self._folder).as_posix()))
                self._sent[path] = now
            self._seen[path] = now
        if final:
            self._remove_vanished()

    def _remove_vanished(self) -> None:
        """What was sent and then renamed or deleted by the job would stay behind as a second copy."""
        for path in [path for path in self._sent if not path.is_file()]:
            target = self._uri.child(path.relative_to(self._folder).as_posix())
            self._client.delete_object(Bucket=target.bucket, Key=target.key)
            del self._sent[path]


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
