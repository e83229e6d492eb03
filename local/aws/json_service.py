"""The HTTP side of a service with the JSON protocol, for records by the thousand.

Not by moto's response classes: they take longer over a batch of records than it takes to store it.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from botocore.model import ServiceModel
from botocore.session import get_session

from local.aws.constraints import broken
from local.aws.errors import AnsweredError
from local.aws.incoming import Incoming

log = logging.getLogger(__name__)

Answer = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A request as an operation gets it."""

    region: str
    access_key: str
    request: Mapping[str, Any]


Operation = Callable[[Call], Answer | None]


class MalformedError(AnsweredError):
    """A request that breaks a constraint of the service's model."""

    code = "ValidationException"


class UnreadableError(AnsweredError):
    """A body that is not what the operation takes."""

    code = "SerializationException"


class JsonService:
    """A WSGI application that answers the operations of one service.

    Args:
        name: botocore's name of the service, by which its requests are signed too.
        operations: by AWS's names. What is not there is refused.
        unchecked: operations that check their request themselves, because the model's constraints take long.
        region: of a request that names none.
    """

    def __init__(
        self,
        name: str,
        operations: Callable[[], Mapping[str, Operation]],
        unchecked: Iterable[str],
        region: str,
    ) -> None:
        self._name, self._operations, self._region = name, operations, region
        self._unchecked = frozenset(unchecked)

    def is_one(self, request: Incoming) -> bool:
        """Whether a request is for this service."""
        return request.service == self._name and bool(request.environ.get("HTTP_X_AMZ_TARGET"))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answers one request."""
        request = Incoming(environ)
        status, code = 200, ""
        try:
            answer = self._answered(request)
        except NotImplementedError:
            raise  # the dispatcher says it in the protocol's words
        except AnsweredError as error:
            status, code, answer = 400, error.code, {"message": error.message}
        except Exception as error:
            log.exception("%s of %s failed", request.operation, self._name)
            status, code = 500, "InternalFailure"
            answer = {"message": f"The local AWS failed on this request: {type(error).__name__}: {error}"}
        body = json.dumps(answer | ({"__type": code} if code else {}), separators=(",", ":")).encode()
        headers = [
            ("Content-Type", "application/x-amz-json-1.1"),
            ("Content-Length", str(len(body))),
            ("x-amzn-RequestId", str(uuid4())),
        ]
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]

    def _answered(self, request: Incoming) -> Answer:
        name = request.operation or ""
        operation = self._operations().get(name)
        if operation is None:
            raise NotImplementedError(f"The {name} action has not been implemented")
        document = _document(request)
        if name not in self._unchecked and (message := self._broken(name, document)):
            raise MalformedError(message)
        try:
            return operation(Call(request.region or self._region, request.access_key, document)) or {}
        except (KeyError, TypeError, AttributeError) as error:
            if name not in self._unchecked:
                raise
            raise UnreadableError(f"The request is not what {name} takes: {error!r}") from error

    def _broken(self, name: str, document: Mapping[str, Any]) -> str | None:
        try:
            return broken(self._model.operation_model(name), document)
        except (TypeError, AttributeError) as error:
            raise UnreadableError(f"The request is not what {name} takes: {error}") from error

    @cached_property
    def _model(self) -> ServiceModel:
        return get_session().get_service_model(self._name)


def _document(request: Incoming) -> dict[str, Any]:
    length = int(request.environ.get("CONTENT_LENGTH") or 0)
    try:
        document = json.loads(request.environ["wsgi.input"].read(length) or b"{}")
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"The body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise UnreadableError("The body is not a JSON object.")
    return document
