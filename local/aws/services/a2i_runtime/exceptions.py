"""Error answers of the service, with AWS's names."""

from local.aws.errors import AnsweredError


class A2IError(AnsweredError):
    """A2I refuses the request."""


class ValidationError(A2IError):
    """The request cannot be served as it is."""

    code = "ValidationException"


class ConflictError(A2IError):
    """The name is taken."""

    code = "ConflictException"


class ResourceNotFoundError(A2IError):
    """Nothing has that name."""

    code = "ResourceNotFoundException"
