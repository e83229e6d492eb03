"""The HTTP side of ``sagemaker-featurestore-runtime``.

Not by moto's response classes: a batch of 25 records costs them several times what it costs to store it.
"""

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from uuid import uuid4

from local.aws.incoming import Incoming
from local.aws.services import feature_store
from local.aws.services.feature_store.errors import RefusedError, UnreadableError, UnservedError

if TYPE_CHECKING:
    from local.aws.server import LocalAws
    from local.aws.services.feature_store.operations import Operations

log = logging.getLogger(__name__)

PATH = re.compile(
    r"/BatchGetRecord|/BatchWriteRecord|/FeatureGroup/(?P<group>(arn:[^/]+/)?[^/]+)(?P<rest>/ListRecords|/Record)?"
)
GROUP_NAME = re.compile(
    r"(arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:\d{12}:feature-group/)?[a-zA-Z0-9]([-_]*[a-zA-Z0-9]){0,63}"
)


class FeatureStoreRuntime:
    """A WSGI application."""

    def __init__(self, aws: "LocalAws") -> None:
        self._aws = aws

    @staticmethod
    def is_one(request: Incoming) -> bool:
        """Whether a request is for this service, which signs with SageMaker's name."""
        return request.path.startswith(("/FeatureGroup/", "/Batch")) and (
            request.service == "sagemaker" and PATH.fullmatch(request.path) is not None
        )

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answers one request."""
        request = Incoming(environ)
        try:
            status, code, answer = 200, "", _answered(request, request.region or self._aws.region)
        except RefusedError as error:
            status, code, answer = error.status, error.code, {"message": str(error)}
        except Exception as error:
            log.exception("%s %s failed", request.method, request.path)
            status, code = 500, "InternalFailure"
            answer = {"message": f"The local AWS failed on this request: {type(error).__name__}: {error}"}
        body = json.dumps(answer, separators=(",", ":")).encode()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("x-amzn-RequestId", str(uuid4())),
        ]
        if code:
            headers.append(("x-amzn-ErrorType", code))
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]


def _answered(request: Incoming, region: str) -> dict[str, Any]:
    operations = feature_store.operations()
    found = PATH.fullmatch(request.path)
    group = found["group"] if found else None
    try:
        if group is None:
            batch = (
                operations.batch_get_record
                if request.path == "/BatchGetRecord"
                else operations.batch_write_record
            )
            return batch(region, _document(request))
        if not GROUP_NAME.fullmatch(group):
            raise RefusedError(
                f"1 validation error detected: Value '{group[:200]}' at 'featureGroupName' failed to satisfy "
                "constraint: Member must be the name or ARN of a feature group"
            )
        if found and found["rest"] == "/Record":
            raise UnservedError("UpdateRecord is not implemented by the local AWS: put the whole record.")
        return _on_group(operations, request, region, group, listed=bool(found and found["rest"]))
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise UnreadableError(f"The request is not what {request.path} takes: {error!r}") from error


def _on_group(
    operations: "Operations", request: Incoming, region: str, group: str, *, listed: bool
) -> dict[str, Any]:
    if listed:
        return operations.list_records(region, group, _document(request))
    if request.method == "PUT":
        return operations.put_record(region, group, _document(request))
    by_query: Mapping[str, Callable[..., dict[str, Any]]] = {
        "GET": operations.get_record,
        "DELETE": operations.delete_record,
    }
    if request.method not in by_query:
        raise RefusedError(
            f"sagemaker-featurestore-runtime has no operation for {request.method} {request.path}."
        )
    return by_query[request.method](region, group, parse_qs(request.query, keep_blank_values=True))


def _document(request: Incoming) -> dict[str, Any]:
    length = int(request.environ.get("CONTENT_LENGTH") or 0)
    try:
        document = json.loads(request.environ["wsgi.input"].read(length) or b"{}")
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"The body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise UnreadableError("The body is not a JSON object.")
    return document
