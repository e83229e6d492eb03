"""Objects copied at one moment, so that no later step sees them change."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

from airflow.sdk import Context
from botocore.exceptions import ClientError
from typing_extensions import override

from include.run import Run
from include.snapshots import Snapshot
from millrace.context import run_of
from millrace.errors import code_of
from millrace.hooks.s3 import S3, split
from millrace.operators.base import AwsOperator

GONE = frozenset({"NoSuchKey", "NoSuchVersion"})


class SnapshotOperator(AwsOperator):
    """Copies versions of objects; returns the fields of each `Snapshot`, to be mapped over.

    What was deleted meanwhile is left out, and the log says so.

    Args:
        folder: where to look for objects, of the run; None if it knows them all.
        snapshots: what to copy, of the run and the URIs that begin with that of the folder.
    """

    def __init__(
        self,
        *,
        folder: Callable[[Run], str | None],
        snapshots: Callable[[Run, Sequence[str]], Sequence[Snapshot]],
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"multiple_outputs": False, **kwargs})
        self.folder = folder
        self.snapshots = snapshots

    @override
    def execute(self, context: Context) -> list[dict[str, Any]]:
        run = run_of(context)
        wanted = self.snapshots(run, self._found(self.folder(run)))
        return [asdict(snapshot) for snapshot in wanted if self._copy(snapshot)]

    def _found(self, folder: str | None) -> list[str]:
        if folder is None:
            return []
        bucket, _ = split(folder)
        return [f"s3://{bucket}/{key}" for key in self.s3.keys(folder)]

    def _copy(self, snapshot: Snapshot) -> bool:
        try:
            self.s3.copy(snapshot.source, snapshot.target, snapshot.version)
        except ClientError as error:
            if code_of(error) not in GONE:
                raise
            self.log.warning("%s was deleted before it could be copied: left out", snapshot.source)
            return False
        self.log.info("copied %s to %s", snapshot.source, snapshot.target)
        return True

    @cached_property
    def s3(self) -> S3:
        """Objects in S3."""
        return S3(self.aws_conn_id, self.region_name)
