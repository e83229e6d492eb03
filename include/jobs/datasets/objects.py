"""Objects of S3: listed, looked at, made to go away, put where they belong.

Importing boto3 takes half a second: it happens in functions, the first time while Spark starts.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

THREADS = 16
PER_CALL = 1000
"""Objects that one call may delete."""


class LocationError(ValueError):
    """What is not ``s3://bucket/key``, or has no such bucket. The message is one sentence for the user."""


@dataclass(frozen=True)
class Location:
    """A bucket and a key or prefix."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> "Location":
        """Raises `LocationError` for what is no S3 URI. A key may hold any character."""
        scheme, _, rest = uri.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket:
            raise LocationError(f"{uri!r} is not an S3 URI: give s3://bucket/key.")
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def child(self, name: str) -> "Location":
        """A key below this one."""
        return Location(self.bucket, f"{self.key.rstrip('/')}/{name}" if self.key else name)


@dataclass(frozen=True)
class Found:
    """An object, its size in bytes, and the tag that it has as long as nobody writes it anew."""

    location: Location
    size: int
    etag: str = ""


@lru_cache
def client() -> "S3Client":
    """One client for all threads."""
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(max_pool_connections=THREADS, retries={"mode": "standard", "max_attempts": 5})
    return boto3.client("s3", config=config)


def listed(prefix: Location) -> list[Found]:
    """Every object whose key begins with a prefix, in the order of keys; markers of folders are none.

    Raises:
        LocationError: there is no such bucket.
    """
    return list(listed_after(prefix, ""))


def listed_after(prefix: Location, key: str) -> Iterator[Found]:
    """As `listed`, but page by page, and only what comes after ``key`` in the order of keys.

    Raises:
        LocationError: there is no such bucket.
    """
    s3 = client()
    after: Any = {"StartAfter": key} if key else {}
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=prefix.bucket, Prefix=prefix.key, **after)
    try:
        for page in pages:
            for item in page.get("Contents", []):
                if not item["Key"].endswith("/"):
                    yield Found(Location(prefix.bucket, item["Key"]), item["Size"], item["ETag"])
    except s3.exceptions.NoSuchBucket:
        raise LocationError(f"The bucket of {prefix} does not exist.") from None


def folders(prefix: Location) -> list[str]:
    """The names of what is right below ``prefix``, which ends with a slash, and has more below itself."""
    pages = (
        client()
        .get_paginator("list_objects_v2")
        .paginate(Bucket=prefix.bucket, Prefix=prefix.key, Delimiter="/")
    )
    found = [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])]
    return [name.removeprefix(prefix.key).rstrip("/") for name in found]


def heads(objects: Iterable[Found], length: int) -> Iterator[tuple[Found, bytes]]:
    """Each object with its first ``length`` bytes."""

    def head(found: Found) -> tuple[Found, bytes]:
        # There is no first byte to ask for in an empty object.
        return found, read(found.location, length) if found.size else b""

    client()  # Made here: making it is not for several threads.
    with ThreadPoolExecutor(THREADS) as pool:
        yield from pool.map(head, objects)


def read(location: Location, length: int) -> bytes:
    """The first ``length`` bytes of an object that has at least one."""
    bytes_ = f"bytes=0-{length - 1}"
    return client().get_object(Bucket=location.bucket, Key=location.key, Range=bytes_)["Body"].read()


def content(location: Location) -> bytes | None:
    """A whole object; None where there is none."""
    s3 = client()
    try:
        return s3.get_object(Bucket=location.bucket, Key=location.key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None


def exists(location: Location) -> bool:
    """Whether there is an object of exactly this key."""
    return any(found.location == location for found in listed(location))


def write(location: Location, content: bytes, kms_key: str | None) -> None:
    """Makes or replaces an object."""
    client().put_object(Bucket=location.bucket, Key=location.key, Body=content, **encryption(kms_key))


def copy(source: Location, target: Location, kms_key: str | None) -> None:
    """Copies inside S3; the new object appears when it is complete."""
    where = {"Bucket": source.bucket, "Key": source.key}
    client().copy(where, target.bucket, target.key, ExtraArgs=encryption(kms_key))  # type: ignore[arg-type]


def encryption(kms_key: str | None) -> dict[str, Any]:
    """Arguments of a call that writes; without a key the bucket's own encryption counts."""
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}


def delete_below(folder: Location) -> None:
    """Deletes every object of a folder, its markers among them.

    Raises:
        RuntimeError: S3 did not delete one of them.
    """
    s3 = client()
    prefix = folder.child("").key
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=folder.bucket, Prefix=prefix)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    for start in range(0, len(keys), PER_CALL):
        some = [{"Key": key} for key in keys[start : start + PER_CALL]]
        answer = s3.delete_objects(Bucket=folder.bucket, Delete={"Objects": some, "Quiet": True})  # type: ignore[typeddict-item]
        if errors := answer.get("Errors"):
            raise RuntimeError(f"s3://{folder.bucket}/{errors[0]['Key']} was not deleted: {errors[0]}.")


def delete(location: Location) -> None:
    """Deletes an object; there need not be one."""
    client().delete_object(Bucket=location.bucket, Key=location.key)
