"""Error answers of the service, with AWS's names."""

from moto.core.exceptions import ServiceException


class A2IError(ServiceException):
    """An error answer. `code` is AWS's name of it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class ValidationError(A2IError):
    """The request cannot be served as it is."""

    code = "ValidationException"


class ConflictError(A2IError):
    """The name is taken."""

    code = "ConflictException"


class ResourceNotFoundError(A2IError):
    """Nothing has that name."""

    code = "ResourceNotFoundException"
