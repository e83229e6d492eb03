"""Errors as Kubernetes answers them: a ``Status`` with a code, a reason and a message.

https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.33/#status-v1-meta
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

Json = dict[str, Any]


class StatusError(Exception):
    """A request that is refused.

    Args:
        message: for people.
        details: name, group and kind of what it is about.
    """

    code: ClassVar[HTTPStatus]
    reason: ClassVar[str]

    def __init__(self, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.details = details or {}

    def document(self) -> Json:
        """The body of the answer."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(self),
            "reason": self.reason,
            **({"details": dict(self.details)} if self.details else {}),
            "code": self.code.value,
        }


class BadRequestError(StatusError):
    """A request that cannot be read."""

    code, reason = HTTPStatus.BAD_REQUEST, "BadRequest"


class UnauthorizedError(StatusError):
    """Nobody that is known asks."""

    code, reason = HTTPStatus.UNAUTHORIZED, "Unauthorized"


class NotFoundError(StatusError):
    """There is no such object or address."""

    code, reason = HTTPStatus.NOT_FOUND, "NotFound"


class MethodNotAllowedError(StatusError):
    """The address is there, the verb is not."""

    code, reason = HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed"


class AlreadyExistsError(StatusError):
    """Another object has this name."""

    code, reason = HTTPStatus.CONFLICT, "AlreadyExists"


class ConflictError(StatusError):
    """The object has changed since it was read."""

    code, reason = HTTPStatus.CONFLICT, "Conflict"


class ExpiredError(StatusError):
    """What has happened since then is no longer known: list again and watch from there."""

    code, reason = HTTPStatus.GONE, "Expired"


class UnsupportedMediaTypeError(StatusError):
    """A patch in a format that this server does not read."""

    code, reason = HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType"


class InvalidError(StatusError):
    """A field has a value that it cannot have."""

    code, reason = HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid"


class TooLargeVersionError(StatusError):
    """A resource version that this server has not come to yet."""

    code, reason = HTTPStatus.GATEWAY_TIMEOUT, "Timeout"
