"""Waiting until events have arrived in the raw bucket."""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from airflow.sdk import Context, PokeReturnValue
from typing_extensions import override

from include.run import Run
from millrace.context import run_of
from millrace.hooks.s3 import S3, split
from millrace.sensors.polling import PollingSensor


class ArrivalsSensor(PollingSensor):
    """Waits until every one of some events is there; the result says how many lines of them there are.

    Args:
        folders: URIs of the folders to look into, of the run and the present.
        ids: of the events, of the run.
    """

    def __init__(
        self,
        *,
        folders: Callable[[Run, datetime], list[str]],
        ids: Callable[[Run], frozenset[str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.folders = folders
        self.ids = ids

    @override
    def poke(self, context: Context) -> PokeReturnValue:
        run = run_of(context)
        wanted = self.ids(run)
        found: Counter[str] = Counter()
        for folder in self.folders(run, datetime.now(UTC)):
            found.update(name for name in self._arrived(folder) if name in wanted)
        self.log.info("%d of %d events are there", len(found), len(wanted))
        if len(found) < len(wanted):
            return PokeReturnValue(is_done=False)
        lines = found.total()
        return PokeReturnValue(True, {"events": len(found), "lines": lines, "repeated": lines - len(found)})

    def _arrived(self, folder: str) -> Iterator[str]:
        """Event ids of a folder's lines, one object after the other; what is no event has none."""
        bucket, prefix = split(folder)
        pages = self.s3.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for key in (item["Key"] for page in pages for item in page.get("Contents", [])):
            body = self.s3.client.get_object(Bucket=bucket, Key=key)["Body"]
            with gzip.GzipFile(fileobj=body) as lines:
                for line in lines:
                    if name := _event_id(line):
                        yield name

    @cached_property
    def s3(self) -> S3:
        """Objects in S3."""
        return S3(self.aws_conn_id, self.region_name)


def _event_id(line: bytes) -> str | None:
    try:
        return str(json.loads(line)["event_id"])
    except (ValueError, KeyError, TypeError):
        return None
