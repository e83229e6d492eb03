"""Small objects in S3, addressed by URI."""

import json
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from include.bundles import Bundle
from include.file_sets import Stored
from millrace.errors import code_of
from millrace.hooks.aws import AwsHook
from millrace.pages import object_page

MAX_BYTES = 1024 * 1024
EXISTS = "PreconditionFailed"
CONFLICT = "ConditionalRequestConflict"
"""What S3 answers when the object was deleted while it was being written: ask again."""


class S3:
    """Ships bundles, and reads and writes documents. Data goes from job to job, never through Airflow."""

    def __init__(self, aws_conn_id: str | None, region_name: str | None = None) -> None:
        self._hook = AwsHook("s3", aws_conn_id, region_name)

    @cached_property
    def client(self) -> Any:
        """boto3's S3 client."""
        return self._hook.conn

    def ship(self, bundle: Bundle, uri: str) -> None:
        """Uploads a bundle's files and archive below ``uri``, unless they are there already."""
        # The archive goes last, so its presence says that everything is there.
        archive = f"{uri}/sourcedir.tar.gz"
        if self.exists(archive):
            return
        for name, content in bundle.files.items():
            self.write(f"{uri}/files/{name}", content)
        self.write(archive, bundle.archive())

    def exists(self, uri: str) -> bool:
        """Whether there is an object of exactly this URI."""
        bucket, key = split(uri)
        # Not by HEAD, whose errors have no code: expired credentials would look like a bad request.
        found = self.client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
        return any(item["Key"] == key for item in found)

    def newest(self, uri: str) -> Stored | None:
        """Which version of an object there is; None without any."""
        bucket, key = split(uri)
        try:
            answer = self.client.get_object(Bucket=bucket, Key=key)
        except self.client.exceptions.NoSuchKey:
            return None
        answer["Body"].close()
        version = answer.get("VersionId")
        return Stored(version, version or f"{answer['ETag']} {answer['LastModified'].isoformat()}")

    def write(self, uri: str, content: bytes) -> None:
        """Writes one object."""
        bucket, key = split(uri)
        self.client.put_object(Bucket=bucket, Key=key, Body=content)

    def create(self, uri: str, content: bytes) -> bool:
        """Writes an object that is not there yet; False if there is one, which stays as it is.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        """
        bucket, key = split(uri)
        while True:
            try:
                self.client.put_object(Bucket=bucket, Key=key, Body=content, IfNoneMatch="*")
            except ClientError as error:
                if code_of(error) == EXISTS:
                    return False
                if code_of(error) != CONFLICT:
                    raise
            else:
                return True

    def copy(self, source: str, target: str, version: str | None = None) -> None:
        """Copies an object of at most 5 GiB, in one version or the newest, without its tags."""
        bucket, key = split(source)
        to_bucket, to_key = split(target)
        copied = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}
        self.client.copy_object(Bucket=to_bucket, Key=to_key, CopySource=copied, TaggingDirective="REPLACE")

    def delete(self, uri: str) -> None:
        """Deletes an object, if it is there."""
        bucket, key = split(uri)
        self.client.delete_object(Bucket=bucket, Key=key)

    def read_json(self, uri: str) -> Any:
        """Reads a small JSON document.

        Raises:
            ValueError: it is over 1 MiB or is not JSON.
        """
        content = self._read(uri)
        try:
            return json.loads(content)
        except ValueError as error:
            raise ValueError(f"{uri} is not JSON: {error}") from error

    def read_text(self, uri: str) -> str:
        """Reads a small text.

        Raises:
            ValueError: it is over 1 MiB or is not UTF-8.
        """
        content = self._read(uri)
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise ValueError(f"{uri} is not UTF-8: {error}") from error

    def _read(self, uri: str) -> bytes:
        bucket, key = split(uri)
        answer = self.client.get_object(Bucket=bucket, Key=key)
        if answer["ContentLength"] > MAX_BYTES:
            raise ValueError(f"{uri} is {answer['ContentLength']} bytes, over the {MAX_BYTES} of a document")
        content: bytes = answer["Body"].read()
        return content

    def page(self, uri: str) -> str:
        """Where a person's browser shows an object or, for a URI that ends in ``/``, a folder."""
        return object_page(self.client.meta, uri)

    def link(self, uri: str, seconds: int) -> str:
        """An address under which whoever has it can read an object for a while, at most seven days.

        With credentials that end earlier, as those of a role do, it ends with them.
        """
        bucket, key = split(uri)
        address: str = self.client.generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=seconds
        )
        return address

    def keys(self, uri: str) -> list[str]:
        """The first thousand keys under a prefix, in order."""
        bucket, prefix = split(uri)
        answer = self.client.list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for item in answer.get("Contents", [])]

    def read_lines(self, uri: str, count: int, max_bytes: int = 64 * 1024) -> list[str]:
        """The first whole lines of an object, without reading the rest of it."""
        bucket, key = split(uri)
        body = self.client.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{max_bytes - 1}")["Body"].read()
        lines = body.decode().splitlines(keepends=True)
        if len(body) == max_bytes and lines and not lines[-1].endswith("\n"):
            lines.pop()
        return [line.rstrip("\r\n") for line in lines[:count]]


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of an S3 URI.

    Raises:
        ValueError: it is not of the form ``s3://bucket/key``.
    """
    parts = urlsplit(uri, allow_fragments=False)
    if parts.scheme != "s3" or not parts.netloc:
        raise ValueError(f"{uri!r} is not an S3 URI; expected s3://bucket/key")
    key = uri.removeprefix(f"s3://{parts.netloc}").removeprefix("/")
    return parts.netloc, key
