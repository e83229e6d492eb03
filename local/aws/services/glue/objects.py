"""What a crawler reads of S3: the objects of its targets, and of each no more than its schema takes."""

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.aws.runtime import engine
from local.aws.runtime.engine import EndedError
from local.aws.runtime.transfer import S3Uri
from local.aws.services.glue import context
from local.aws.services.glue.exclusions import is_data

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ENGINE = "catalog"
PART_BYTES = 64 * 1024
"""That much of an object's end or beginning is fetched; a longer footer is fetched whole."""
PARQUET = b"PAR1"
TRAILER_BYTES = 8
AT_A_TIME = 8

Schema = dict[str, Any]
"""As the engine gives it."""


@dataclass(frozen=True)
class Object:
    """An object of a target; ``size`` in bytes."""

    bucket: str
    key: str
    size: int
    etag: str

    @property
    def address(self) -> str:
        """Bucket and key."""
        return f"{self.bucket}/{self.key}"

    @property
    def folder(self) -> str:
        """Where it is, ``bucket/prefix``."""
        return self.address.rpartition("/")[0]


def found(client: "S3Client", target: Mapping[str, Any]) -> Iterator[Object]:
    """The objects of an S3 target that hold data, in the order of their keys.

    Raises:
        botocore.exceptions.ClientError: they cannot be listed.
    """
    uri = S3Uri.parse(target["Path"])
    prefix = uri.key if uri.key.endswith("/") or not uri.key else f"{uri.key}/"
    exclusions = target.get("Exclusions") or []
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=uri.bucket, Prefix=prefix)
    for page in pages:
        for item in page.get("Contents", []):
            if item["Size"] and is_data(item["Key"].removeprefix(prefix), exclusions):
                yield Object(uri.bucket, item["Key"], item["Size"], item["ETag"])


class SchemaReader:
    """Reads schemas; what is unchanged since a crawl before is not read again.

    Args:
        client: acts for the crawler.
        known: ETag and schema by address, of what was read before.
        root: a folder for what is fetched.
        ended: when it is set, nobody wants the schemas any more.
    """

    def __init__(
        self,
        client: "S3Client",
        known: Mapping[str, tuple[str, Schema | None]],
        root: Path,
        ended: threading.Event,
    ) -> None:
        self._client = client
        self._known = known
        self._root = root
        self._ended = ended

    def read(self, objects: Iterable[Object]) -> dict[str, tuple[str, Schema | None]]:
        """ETag and schema by address; None for what has no format that is known, or is gone.

        Raises:
            local.aws.runtime.engine.EndedError: `ended` was set.
        """
        found: dict[str, tuple[str, Schema | None]] = {}
        new: list[Object] = []
        for item in objects:
            known = self._known.get(item.address)
            if known and known[0] == item.etag:
                found[item.address] = known
            else:
                new.append(item)
        return found | dict(self._infer(new))

    def _infer(self, objects: list[Object]) -> Iterator[tuple[str, tuple[str, Schema | None]]]:
        if not objects:
            return
        with ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="crawl") as pool:
            parts = list(pool.map(self._fetch, objects, range(len(objects))))
        output = self._root / "schemas.json"
        files = [{"path": str(path), "part": part} for path, part in parts]
        request = {"files": files, "output": str(output)}
        engines = context.current().engines
        program = "infer_schemas.py"
        engine.run(engines, ENGINE, program, request=request, root=self._root, ended=self._ended)
        for item, schema in zip(objects, json.loads(output.read_text()), strict=True):
            yield item.address, (item.etag, schema)

    def _fetch(self, item: Object, number: int) -> tuple[Path, str]:
        """A file with part of the object, and which part it is."""
        if self._ended.is_set():
            raise EndedError
        path = self._root / f"part-{number}"
        if not item.key.endswith(".parquet"):
            head = self._get(item, f"bytes=0-{PART_BYTES - 1}")
            if not head.startswith(PARQUET):
                path.write_bytes(head)
                return path, "whole" if len(head) == item.size else "head"
        path.write_bytes(self._footer(item))
        return path, "footer"

    def _footer(self, item: Object) -> bytes:
        """Of a Parquet file, from its metadata on; what is no Parquet file is told by the engine."""
        end = self._get(item, f"bytes=-{PART_BYTES}")
        length = int.from_bytes(end[-TRAILER_BYTES:-4], "little") + TRAILER_BYTES
        if end.endswith(PARQUET) and len(end) < length <= item.size:
            end = self._get(item, f"bytes=-{length}")
        return end[-length:] if end.endswith(PARQUET) else end

    def _get(self, item: Object, part: str) -> bytes:
        """Part of an object; nothing of one that was deleted since it was listed."""
        try:
            return self._client.get_object(Bucket=item.bucket, Key=item.key, Range=part)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return b""
