"""Where a world is put: a local folder, or a prefix of S3."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

THREADS = 8
WAITING = 32
"""Objects that may wait to be put, at most: they take up memory."""


class TargetError(Exception):
    """It cannot be written to or read. The message is one sentence for the user."""


class Target(Protocol):
    """Objects below a place, by relative keys."""

    def put(self, key: str, content: bytes) -> None:
        """Makes or replaces an object, now or soon."""

    def get(self, key: str) -> bytes | None:
        """The content of an object; None if there is none."""

    def is_empty(self) -> bool:
        """Whether there is nothing at all."""

    def finish(self) -> None:
        """Returns when everything is put. Raises `TargetError` if something could not be."""


def target(place: str, kms_key: str | None = None) -> Target:
    """The one at an S3 URI, or else at the path of a folder.

    Raises:
        TargetError: it is a URI, but not one of S3.
    """
    scheme, separator, rest = place.partition("://")
    if not separator:
        return Folder(Path(place))
    bucket, _, prefix = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise TargetError(f"{place!r} is neither a folder nor an S3 URI: give s3://bucket/prefix.")
    return Bucket(bucket, prefix.rstrip("/"), kms_key)


class Folder:
    """A local one; it is made when something is put there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, key: str, content: bytes) -> None:
        """Writes a file."""
        file = self.path / key
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        except OSError as error:
            raise TargetError(f"{file} cannot be written: {error.strerror}.") from error

    def get(self, key: str) -> bytes | None:
        """Reads a file."""
        file = self.path / key
        return file.read_bytes() if file.is_file() else None

    def is_empty(self) -> bool:
        """Looks for any file."""
        return not any(path.is_file() for path in self.path.rglob("*"))

    def finish(self) -> None:
        """Everything is there already."""


class Bucket:
    """A prefix of a bucket; several objects are put at the same time."""

    def __init__(self, bucket: str, prefix: str, kms_key: str | None) -> None:
        import boto3  # noqa: PLC0415  # half a second that a folder does not need
        from botocore.config import Config  # noqa: PLC0415

        config = Config(max_pool_connections=THREADS, retries={"mode": "standard", "max_attempts": 5})
        self.s3: S3Client = boto3.client("s3", config=config)
        self.bucket, self.prefix = bucket, prefix
        self.encryption: dict[str, Any] = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        )
        self.pool = ThreadPoolExecutor(THREADS)
        self.waiting: list[Future[None]] = []

    def put(self, key: str, content: bytes) -> None:
        """Puts an object soon; waits first if too many wait."""
        if len(self.waiting) >= WAITING:
            self.waiting.pop(0).result()
        self.waiting.append(self.pool.submit(self._put, self._key(key), content))

    def get(self, key: str) -> bytes | None:
        """Reads an object."""
        try:
            return self.s3.get_object(Bucket=self.bucket, Key=self._key(key))["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None
        except self.s3.exceptions.ClientError as error:
            raise TargetError(f"s3://{self.bucket}/{self._key(key)} cannot be read: {error}.") from error

    def is_empty(self) -> bool:
        """Looks for any object."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=self._key(""), MaxKeys=1)
        return found["KeyCount"] == 0

    def finish(self) -> None:
        """Waits for what is being put."""
        while self.waiting:
            self.waiting.pop(0).result()

    def _key(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def _put(self, key: str, content: bytes) -> None:
        try:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=content, **self.encryption)
        except self.s3.exceptions.ClientError as error:
            raise TargetError(f"s3://{self.bucket}/{key} cannot be written: {error}.") from error
