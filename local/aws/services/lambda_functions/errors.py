"""What Lambda refuses, with AWS's names."""

import json

from moto.awslambda.exceptions import (
    GenericResourcNotFound,
    InvalidParameterValueException,
    LambdaClientError,
)

__all__ = [
    "ConflictError",
    "GenericResourcNotFound",
    "InvalidParameterValueException",
    "InvalidRequestContentError",
    "RequestTooLargeError",
    "ThrottledError",
]


class ConflictError(LambdaClientError):
    """The resource exists already."""

    code = 409

    def __init__(self, message: str) -> None:
        super().__init__("ResourceConflictException", message)


class InvalidRequestContentError(LambdaClientError):
    """The payload is no JSON."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "InvalidRequestContentException", f"Could not parse request body into json: {reason}"
        )


class RequestTooLargeError(LambdaClientError):
    """The payload is longer than the type of invocation allows."""

    code = 413

    def __init__(self, size: int, most: int) -> None:
        super().__init__(
            "RequestTooLargeException",
            f"Request must be smaller than {most} bytes for the InvokeFunction operation: it has {size}",
        )


class ThrottledError(LambdaClientError):
    """All of a function's concurrency is in use.

    Args:
        reason: as the API's model has it, ``ReservedFunctionConcurrentInvocationLimitExceeded``.
    """

    code = 429

    def __init__(self, reason: str) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.")
        self.reason = reason
        self.description = json.dumps({"Reason": reason, "Type": "User", "message": self.message})
