"""The lake of a stack as its objects: what arrives for it, and what stands in it."""

import gzip
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from include.bundles import JOBS
from tests.include.jobs.conftest import interpreter
from tests.stack import REPO, StackUnderTest

GENERATE = REPO / "include" / "samples" / "amp" / "generate.py"
BOOKMARK = "main/amp_lake/live/bookmark.json"
"""In the stack's bucket; written last of a build."""
READ = """
import io, json, sys
import boto3
import pyarrow.parquet as pq
bucket, prefix = sys.argv[1:]
s3 = boto3.client("s3")
pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
found = [item["Key"] for page in pages for item in page.get("Contents", [])]
keys = [key for key in found if key.endswith(".parquet")]
body = lambda key: io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
print(json.dumps({key: pq.ParquetFile(body(key)).read().to_pylist() for key in keys}, default=str))
"""
Rows = list[dict[str, Any]]


@dataclass
class LakeObjects:
    """Raw and curated bucket of a stack, below its tenant's ``amp``."""

    stack: StackUnderTest

    def __post_init__(self) -> None:
        self.s3 = self.stack.client("s3")
        names = [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]]
        self.raw, self.curated = (next(n for n in names if f"-{of}-" in n) for of in ("raw", "curated"))

    def make_world(self, events: int, days: int, until: date) -> None:
        """The sample world's events, as they arrived before a day."""
        numbers = ("--events", str(events), "--days", str(days), "--until", until.isoformat())
        self._in_spark_image(str(GENERATE), *numbers, "--output", f"s3://{self.raw}/main/amp/events")

    def arrive(self, day: date, hour: int, lines: Sequence[str], name: str) -> str:
        """Puts lines as an object of an hour; its URI."""
        key = f"main/amp/events/{day:%Y/%m/%d}/{hour:02}/{name}.gz"
        self.s3.put_object(Bucket=self.raw, Key=key, Body=gzip.compress("\n".join(lines).encode()))
        return f"s3://{self.raw}/{key}"

    def arrived(self, day: date) -> list[list[str]]:
        """The lines of each object that arrived on a day."""
        keys = self.listing(self.raw, f"main/amp/events/{day:%Y/%m/%d}/")
        bodies = (self.s3.get_object(Bucket=self.raw, Key=key)["Body"].read() for key in keys)
        return [gzip.decompress(body).decode().splitlines() for body in bodies]

    def listing(self, bucket: str, prefix: str) -> dict[str, str]:
        """Key -> ETag of what is below a prefix."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return {item["Key"]: item["ETag"] for page in pages for item in page.get("Contents", [])}

    def tables(self) -> dict[str, str]:
        """Key -> ETag of every file of the lake."""
        return self.listing(self.curated, "main/amp/")

    def staged(self) -> dict[str, str]:
        """Key -> ETag of what builds have not published yet."""
        return self.listing(self.curated, "_staging/")

    def has_bookmark(self) -> bool:
        """Whether a build has come to its end."""
        return bool(self.listing(self.stack.bucket, BOOKMARK))

    def remove(self) -> None:
        """Takes away the tables, and what the builds remember of them."""
        live = self.listing(self.stack.bucket, BOOKMARK.rpartition("/")[0] + "/")
        for bucket, keys in ((self.curated, self.tables()), (self.stack.bucket, live)):
            for key in keys:
                self.s3.delete_object(Bucket=bucket, Key=key)

    def rows(self, table: str = "") -> dict[str, Rows]:
        """Key below the lake -> rows of each file, in their order; times are text."""
        prefix = "main/amp/"
        found = self.parquet(self.curated, f"{prefix}{table}/" if table else prefix)
        return {key.removeprefix(prefix): rows for key, rows in found.items()}

    def parquet(self, bucket: str, prefix: str) -> dict[str, Rows]:
        """Key -> rows of each Parquet object below a prefix."""
        found: dict[str, Rows] = json.loads(self._in_spark_image("-c", READ, bucket, prefix))
        return found

    def _in_spark_image(self, *arguments: str) -> str:
        """What Python prints that has NumPy and PyArrow, and finds the stack's AWS."""
        there = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.stack.aws_port}",
            "PYTHONPATH": str(JOBS / "shared"),
        }
        done = subprocess.run(
            [interpreter("spark"), *arguments],
            env={**os.environ, **there},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout
