"""What a service answers when it refuses a request."""

from moto.core.exceptions import ServiceException


class AnsweredError(ServiceException):
    """An error answer. `code` of its classes is AWS's name of it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
