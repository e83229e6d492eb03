"""What the Data API answers when it refuses a request."""

from local.aws.errors import AnsweredError


class ValidationError(AnsweredError):
    """The request cannot be served as it is."""

    code = "ValidationException"


class NotFoundError(AnsweredError):
    """Nothing has that id."""

    code = "ResourceNotFoundException"
