"""What Polly answers to a request that it does not serve."""

from local.aws.errors import AnsweredError


class PollyError(AnsweredError):
    """Polly refuses the request."""


class ValidationError(PollyError):
    """A member is missing or has a value that it cannot have."""

    code = "ValidationException"


class TextLengthExceededError(PollyError):
    """The text is longer than one request may carry."""

    code = "TextLengthExceededException"


class InvalidSampleRateError(PollyError):
    """The format does not come at this rate."""

    code = "InvalidSampleRateException"


class InvalidSsmlError(PollyError):
    """The document is not SSML, or says more than can be spoken here."""

    code = "InvalidSsmlException"


class EngineNotSupportedError(PollyError):
    """The voice does not exist on this engine."""

    code = "EngineNotSupportedException"


class MarksNotSupportedForFormatError(PollyError):
    """Speech marks come as JSON only."""

    code = "MarksNotSupportedForFormatException"


class ServiceFailureError(PollyError):
    """The synthesiser failed; not the caller's fault."""

    code = "ServiceFailureException"
