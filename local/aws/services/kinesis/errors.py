"""What Kinesis refuses, with AWS's names."""

from local.aws.errors import AnsweredError


class InvalidArgumentError(AnsweredError):
    """An argument cannot be what it is."""

    code = "InvalidArgumentException"


class InvalidError(AnsweredError):
    """The request is not valid for this stream."""

    code = "ValidationException"


class NotFoundError(AnsweredError):
    """There is no such stream or shard."""

    code = "ResourceNotFoundException"


class InUseError(AnsweredError):
    """The name is taken."""

    code = "ResourceInUseException"


class LimitError(AnsweredError):
    """There would be too much of it."""

    code = "LimitExceededException"


class ExpiredIteratorError(AnsweredError):
    """An iterator lasts five minutes."""

    code = "ExpiredIteratorException"
