"""Files that belong together, taken once they are all there, each version of them by one run."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from typing_extensions import override

from include.file_sets import FileSet, Stored
from include.run import Run
from millrace.context import run_of
from millrace.hooks.s3 import S3, split
from millrace.operators.base import AwsOperator

Found = Mapping[str, Stored | None]
"""What there is at each URI."""


class FileSetOperator(AwsOperator):
    """Copies complete sets of files to the run; returns ``name``, ``folder`` and ``paths`` of each.

    ``folder`` is the URI of the copies, ``paths`` are those of the files below it. The log says what a set
    still needs; where none is complete, the task is skipped, or fails if the run was not started by uploads.

    Whoever looks first claims a version of a set, by a marker that is put only if there is none. So of all
    runs that are told of it one takes it, also when its task is tried again: docs/adr/0012 has the reasons.

    Args:
        folder: where to look for objects, of the run; None if it knows them all.
        sets: what to take, of the run and the URIs that begin with that of the folder, and a sentence for
            each file that belongs to nothing.
    """

    def __init__(
        self,
        *,
        folder: Callable[[Run], str | None],
        sets: Callable[[Run, Sequence[str]], tuple[Sequence[FileSet], Sequence[str]]],
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"multiple_outputs": False, **kwargs})
        self.folder = folder
        self.sets = sets

    @override
    def execute(self, context: Context) -> list[dict[str, Any]]:
        run = run_of(context)
        wanted, reasons = self.sets(run, self._listed(self.folder(run)))
        taken, left = [], list(reasons)
        for each in wanted:
            found = {uri: self.s3.newest(uri) for uri in (*each.needed.values(), *each.optional.values())}
            if reason := each.missing(found) or self._claimed(run, each, found):
                left.append(reason)
            else:
                taken.append(self._copy(run, each, found))
        for reason in left:
            self.log.info("left out: %s", reason)
        if not taken:
            raise _nothing(left, is_expected=bool(run.uploads))
        return taken

    def _listed(self, folder: str | None) -> list[str]:
        if folder is None:
            return []
        bucket, _ = split(folder)
        return [f"s3://{bucket}/{key}" for key in self.s3.keys(folder)]

    def _claimed(self, run: Run, wanted: FileSet, found: Found) -> str | None:
        """Claims a version of a set for this run; a sentence if another run has it already."""
        if not wanted.once:
            return None
        marker = run.taken_uri(f"{wanted.identity(found)}.json")
        claim = {"run": run.run_id, "name": wanted.name, "files": list(wanted.needed.values())}
        if self.s3.create(marker, (json.dumps(claim, indent=2) + "\n").encode()):
            return None
        holder = self.s3.read_json(marker)["run"]
        return None if holder == run.run_id else f"the run {holder} has taken {wanted.name!r} in this version"

    def _copy(self, run: Run, wanted: FileSet, found: Found) -> dict[str, Any]:
        folder = run.uri("input", wanted.folder(wanted.identity(found)))
        there = {path: uri for path, uri in {**wanted.needed, **wanted.optional}.items() if found[uri]}
        for path, uri in there.items():
            stored = found[uri]
            self.s3.copy(uri, f"{folder}/{path}", stored.version if stored else None)
            self.log.info("copied %s to %s/%s", uri, folder, path)
        return {"name": wanted.name, "folder": folder, "paths": list(there)}

    @cached_property
    def s3(self) -> S3:
        """Objects in S3."""
        return S3(self.aws_conn_id, self.region_name)


def _nothing(reasons: Sequence[str], *, is_expected: bool) -> Exception:
    sentence = "; ".join(reasons) or "there is nothing to take"
    return AirflowSkipException(sentence) if is_expected else AirflowFailException(sentence)
