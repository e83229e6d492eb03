"""Error answers of the runtime, with AWS's names and statuses."""


class RefusedError(Exception):
    """An error answer. The message says what to do."""

    status = 400
    code = "ValidationError"


class UnservedError(RefusedError):
    """AWS has the operation, the local AWS has not."""

    status = 501
    code = "NotImplemented"


class NotFoundError(RefusedError):
    """There is no such feature group."""

    status = 404
    code = "ResourceNotFound"


class UnreadableError(RefusedError):
    """The body is not what the operation's model says."""

    code = "SerializationException"
