"""Files below a prefix of S3, or of a folder: listed, and one at a time on the disk."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from failure import JobError


@lru_cache
def client(service: str) -> Any:
    """A client whose calls are tried again."""
    made: Any = boto3.client  # Its types are of one service each.
    return made(service, config=Config(retries={"mode": "standard", "max_attempts": 5}))


class Files:
    """What is below ``s3://bucket/prefix`` or a folder of this machine.

    Raises:
        JobError: there is no such bucket.
    """

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")
        self.is_remote = root.startswith("s3://")

    def names(self, folder: str) -> list[str]:
        """Names of the Parquet files below a folder of it, in order; what begins with ``_`` is none."""
        found = self._remote_names(folder) if self.is_remote else self._local_names(folder)
        files = [name for name in found if name.endswith(".parquet")]
        return sorted(name for name in files if not name.rpartition("/")[2].startswith(("_", ".")))

    def has(self, name: str) -> bool:
        """Whether there is a file of exactly this name, whatever it holds."""
        if not self.is_remote:
            return Path(self.root, name).is_file()
        bucket, key = self._place(name)
        found = client("s3").list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
        return any(item["Key"] == key for item in found)

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """A file on the disk while it is looked at."""
        if not self.is_remote:
            yield Path(self.root, name)
            return
        bucket, key = self._place(name)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "object.parquet")
            client("s3").download_file(bucket, key, str(path))
            yield path

    def _local_names(self, folder: str) -> list[str]:
        paths = Path(self.root, folder).rglob("*")
        return [path.relative_to(self.root).as_posix() for path in paths if path.is_file()]

    def _remote_names(self, folder: str) -> list[str]:
        bucket, prefix = self._place(folder)
        skipped = len(self._place("")[1])
        s3 = client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/")
        try:
            return [item["Key"][skipped:] for page in pages for item in page.get("Contents", [])]
        except s3.exceptions.NoSuchBucket:
            raise JobError(f"The bucket of {self.root} does not exist.") from None

    def _place(self, name: str) -> tuple[str, str]:
        bucket, _, prefix = self.root.removeprefix("s3://").partition("/")
        return bucket, f"{prefix}/{name}" if prefix else name
