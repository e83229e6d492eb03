"""Small documents that a run writes about itself, and prefixes that it clears."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException
from typing_extensions import override

from include.run import Run
from millrace.context import run_of
from millrace.hooks.s3 import S3, split
from millrace.operators.base import ArgumentsOperator, AwsOperator

Document = Mapping[str, Any] | Sequence[Any]


class DocumentOperator(ArgumentsOperator):
    """Writes one JSON document; the result has its URI among ``outputs``, by the name of the file.

    Args:
        document: returns the URI and the content, of the run and ``arguments``.
    """

    def __init__(self, *, document: Callable[..., tuple[str, Document]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.document = document

    @override
    def execute(self, context: Context) -> dict[str, Any]:
        uri, content = self.document(run_of(context), **self.arguments)
        S3(self.aws_conn_id, self.region_name).write(uri, (json.dumps(content, indent=2) + "\n").encode())
        self.log.info("wrote %s", uri)
        return {"outputs": {PurePosixPath(uri).stem: uri}}


class DeletePrefixesOperator(AwsOperator):
    """Deletes everything below prefixes of the run, and of no other.

    Args:
        prefixes: returns the URIs, of the run; each ends with a slash and is a folder below the run's own
            prefix, or where its tasks hand things to one another.
    """

    def __init__(self, *, prefixes: Callable[[Run], Sequence[str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.prefixes = prefixes

    @override
    def execute(self, context: Context) -> dict[str, int]:
        run = run_of(context)
        prefixes = self.prefixes(run)
        for prefix in prefixes:
            if not _may_go(prefix, run):
                raise AirflowFailException(
                    f"{prefix} is not a folder below {run.uri()}/ or {run.work_uri()}/: nothing is deleted"
                )
        deleted = {prefix: self._delete(prefix) for prefix in prefixes}
        for prefix, count in deleted.items():
            self.log.info("deleted %d objects below %s", count, prefix)
        return {"deleted": sum(deleted.values())}

    def _delete(self, prefix: str) -> int:
        bucket, key = split(prefix)
        count = 0
        for page in self.s3.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key):
            # A page of the list is as long as one call may delete.
            keys = [{"Key": item["Key"]} for item in page.get("Contents", [])]
            if not keys:
                continue
            answer = self.s3.client.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
            if errors := answer.get("Errors"):
                first = errors[0]
                raise RuntimeError(
                    f"{len(errors)} objects below {prefix} are still there: {first['Key']}: {first['Code']}"
                )
            count += len(keys)
        return count

    @cached_property
    def s3(self) -> S3:
        """Objects in S3."""
        return S3(self.aws_conn_id, self.region_name)


def _may_go(prefix: str, run: Run) -> bool:
    own, work = run.uri() + "/", run.work_uri() + "/"
    return prefix.endswith("/") and prefix != own and prefix.startswith((own, work))
