"""What Firehose refuses, with AWS's names."""

from local.aws.errors import AnsweredError


class InvalidArgumentError(AnsweredError):
    """An argument cannot be what it is."""

    code = "InvalidArgumentException"


class NotFoundError(AnsweredError):
    """There is no such delivery stream."""

    code = "ResourceNotFoundException"


class InUseError(AnsweredError):
    """The name is taken."""

    code = "ResourceInUseException"


class ChangedError(AnsweredError):
    """Somebody else has changed the destination meanwhile."""

    code = "ConcurrentModificationException"
