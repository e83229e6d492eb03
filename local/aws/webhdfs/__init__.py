"""WebHDFS over the buckets: how Spark on this machine reads and writes ``s3://`` without Hadoop's S3A.

Only what a client needs to read, list, write once, rename and delete. A file is written in two steps, the
second of which carries the bytes, and so is a file read.
https://hadoop.apache.org/docs/stable/hadoop-project-dist/hadoop-hdfs/WebHDFS.html
"""

import json
import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from local.aws.calls.attribution import attribute
from local.aws.services.s3.bodies import BLOCK, Bodies, Body
from local.aws.webhdfs import answers
from local.aws.webhdfs.answers import Json
from local.aws.webhdfs.patience import PatientStream, patience
from local.aws.webhdfs.place import PlaceError
from local.aws.webhdfs.request import WebHdfsRequest
from local.aws.webhdfs.tree import Tree

if TYPE_CHECKING:
    from local.aws.server import LocalAws

log = logging.getLogger(__name__)

__all__ = ["WebHdfs", "WebHdfsRequest"]

Answer = tuple[HTTPStatus, list[tuple[str, str]], Iterable[bytes]]
Operation = Callable[[WebHdfsRequest], Answer]

NO_SNIFFING = ("X-Content-Type-Options", "nosniff")


class UploadBrokenError(ConnectionError):
    """The client went away before the end of what it uploaded."""


class WebHdfs:
    """The WSGI application below ``/webhdfs/v1``."""

    def __init__(self, aws: "LocalAws") -> None:
        self._aws = aws
        self._tree = Tree(aws.account_id)
        self._operations: dict[tuple[str, str], Operation] = {
            ("GET", "GETFILESTATUS"): self._status,
            ("GET", "LISTSTATUS"): self._list,
            ("GET", "LISTSTATUS_BATCH"): self._list,
            ("GET", "GETFILEBLOCKLOCATIONS"): self._blocks,
            ("GET", "GETCONTENTSUMMARY"): self._summary,
            ("GET", "GETHOMEDIRECTORY"): self._home,
            ("GET", "OPEN"): self._open,
            ("PUT", "CREATE"): self._create,
            ("PUT", "MKDIRS"): self._make_directory,
            ("PUT", "RENAME"): self._rename,
            ("PUT", "SETPERMISSION"): self._nothing,
            ("PUT", "SETTIMES"): self._nothing,
            ("PUT", "SETOWNER"): self._nothing,
            ("DELETE", "DELETE"): self._delete,
        }

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answers one request; the caller has seen to it that it comes from this machine."""
        request = WebHdfsRequest(environ)
        try:
            status, headers, body = self._answer(request)
        except UploadBrokenError:
            raise
        except Exception as error:
            code, document = answers.failure(error)
            if code is HTTPStatus.INTERNAL_SERVER_ERROR:
                log.exception("%s %s failed", request.method, request.path)
            status, headers, body = _document(document, code)
        self._count(request, status)
        start_response(f"{status.value} {status.phrase}", headers)
        return body

    def _answer(self, request: WebHdfsRequest) -> Answer:
        # A browser would show an object as a page of this server.
        if not request.user or "HTTP_SEC_FETCH_SITE" in request.environ:
            raise PermissionError("WebHDFS is for programs that say who they are: give user.name.")
        operation = self._operations.get((request.method, request.op))
        if operation is None:
            raise NotImplementedError(f"{request.method} {request.op or 'without op'} is not part of this.")
        return operation(request)

    def _count(self, request: WebHdfsRequest, status: HTTPStatus) -> None:
        """Enters the call into the record, once for its two steps; a call never fails for that."""
        if status is HTTPStatus.TEMPORARY_REDIRECT:
            return
        try:
            caller, permissions = attribute(request, self._aws.account_id), request.permissions()
            self._aws.calls.add(caller, permissions, failed=status >= HTTPStatus.BAD_REQUEST)
        except PlaceError:
            return
        except Exception:
            log.exception("%s %s is not in the record of calls", request.method, request.path)

    # Reading

    def _status(self, request: WebHdfsRequest) -> Answer:
        found = answers.file_status(self._tree.status(request.place), request.user)
        return _document({"FileStatus": found | {"pathSuffix": ""}})

    def _list(self, request: WebHdfsRequest) -> Answer:
        entries = self._tree.entries(request.place)
        if request.op == "LISTSTATUS":
            return _document(answers.file_statuses(entries, request.user))
        after = request.parameter("startafter")
        return _document(answers.directory_listing((e for e in entries if e.name > after), request.user))

    def _blocks(self, request: WebHdfsRequest) -> Answer:
        return _document(answers.block_locations(self._tree.status(request.place).size or 0))

    def _summary(self, request: WebHdfsRequest) -> Answer:
        return _document(answers.content_summary(*self._tree.summary(request.place)))

    def _home(self, request: WebHdfsRequest) -> Answer:
        """Asked for by every client at its start; relative paths are not used."""
        return _document({"Path": f"/user/{request.user}"})

    def _open(self, request: WebHdfsRequest) -> Answer:
        body = self._tree.read(request.place)
        if not request.redirected:
            return _see(request.second_step)
        offset, length = request.number("offset") or 0, request.number("length")
        if offset > body.size:
            raise OSError(f"offset is {offset}, and {request.place} has {body.size} bytes.")
        end = body.size if length is None else min(offset + length, body.size)
        part = body.stream()[offset:end]
        headers = [
            ("Content-Type", "application/octet-stream"),
            NO_SNIFFING,
            ("Content-Length", str(len(part))),
        ]
        return HTTPStatus.OK, headers, PatientStream(part, request.environ["werkzeug.socket"])

    # Changing

    def _create(self, request: WebHdfsRequest) -> Answer:
        overwrite = request.flag("overwrite") or "overwrite" in request.parameter("createflag").lower()
        self._tree.check_writable(request.place, overwrite=overwrite)
        if not request.redirected:
            return _see(request.second_step)
        with patience(request.environ["werkzeug.socket"]):
            body = _received(request.environ["wsgi.input"])
        try:
            with self._aws.changing():
                self._tree.check_writable(request.place, overwrite=overwrite)
                self._tree.write(request.place, body)
        except BaseException:
            body.drop()
            raise
        return HTTPStatus.CREATED, [("Content-Length", "0")], []

    def _make_directory(self, request: WebHdfsRequest) -> Answer:
        with self._aws.changing():
            self._tree.make_directory(request.place)
        return _document({"boolean": True})

    def _rename(self, request: WebHdfsRequest) -> Answer:
        if request.parameter("renameoptions", "NONE") != "NONE":
            raise NotImplementedError("RENAME with renameoptions is not part of this.")
        with self._aws.changing():
            return _document({"boolean": self._tree.rename(request.place, request.target)})

    def _nothing(self, request: WebHdfsRequest) -> Answer:
        """Objects have no owners, permissions or times of their own: S3A does nothing either."""
        self._tree.status(request.place)
        return HTTPStatus.OK, [("Content-Length", "0")], []

    def _delete(self, request: WebHdfsRequest) -> Answer:
        with self._aws.changing():
            done = self._tree.delete(request.place, recursive=request.flag("recursive"))
        return _document({"boolean": done})


def _received(stream: Any) -> Body:
    """Stores what is uploaded, a block at a time; only all of it is a body."""
    writer = Bodies.current().writer()
    try:
        while block := stream.read(BLOCK):
            writer.write(block)
    except (OSError, ValueError) as error:
        writer.discard()
        raise UploadBrokenError(str(error)) from error
    except BaseException:
        writer.discard()
        raise
    return writer.finish()


def _document(content: Json, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    """Without a content type: to read one the client needs a library that Spark's JARs do not have."""
    body = json.dumps(content).encode()
    return status, [NO_SNIFFING, ("Content-Length", str(len(body)))], [body]


def _see(address: str) -> Answer:
    headers = [("Location", address), ("Content-Length", "0")]
    return HTTPStatus.TEMPORARY_REDIRECT, headers, []
