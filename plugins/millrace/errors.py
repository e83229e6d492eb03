"""Errors that operators raise, and what AWS's own errors mean for whoever might try again."""

from http import HTTPStatus

from airflow.sdk.exceptions import AirflowException
from botocore.exceptions import ClientError

EXPIRED = frozenset({
    "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "RequestExpired",
    "UnrecognizedClientException",
})  # fmt: skip
"""Error codes of credentials that are not valid any more; new ones may be there by the next try."""
THROTTLED = frozenset({
    "LimitExceededException", "RequestLimitExceeded", "RequestThrottled", "SlowDown", "Throttling",
    "ThrottlingException", "TooManyRequestsException",
})  # fmt: skip
"""Error codes that say: too many calls, or with Transcribe too many jobs."""
QUOTA_IS_FULL = frozenset({"ResourceLimitExceeded", "ServiceQuotaExceededException"})
"""Error codes of a request that would exceed a quota of the account."""


class JobFailed(AirflowException):
    """A remote job ended without success; the message says which, how and why.

    ``permanent`` means that the same job would fail again, ``no_capacity`` that AWS had no instances for it.
    """

    def __init__(self, message: str, *, permanent: bool = False, no_capacity: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.no_capacity = no_capacity


def code_of(error: ClientError) -> str:
    """AWS's code of an error, without the namespace that SQS's query protocol puts before it."""
    return str(error.response["Error"]["Code"]).rpartition(".")[2]


def passes(error: ClientError) -> bool:
    """Whether an error goes away by waiting: throttling, expired credentials, a failure of AWS itself."""
    status: int = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code_of(error) in EXPIRED | THROTTLED or status >= HTTPStatus.INTERNAL_SERVER_ERROR
