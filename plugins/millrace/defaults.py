"""What every DAG has in common: retries, alerts, and who owns it."""

import random
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Self

from airflow.sdk import Context
from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy
from botocore.exceptions import ClientError, ParamValidationError
from typing_extensions import override

from millrace.alerts import notify_failure
from millrace.errors import JobFailed

PASSING = frozenset({
    "ExpiredToken", "ExpiredTokenException", "RequestExpired", "RequestLimitExceeded",
    "SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException",
})  # fmt: skip
"""Error codes that go away by waiting, beside every error of the server's own (HTTP 5xx)."""
FULL = frozenset({"ResourceLimitExceeded", "CapacityError", "InsufficientCapacity"})
"""Error codes of a quota or a zone without room: waited for without holding a slot, and for longer."""

FIRST_DELAY = timedelta(seconds=15)
FIRST_DELAY_WHEN_FULL = timedelta(minutes=5)
LONGEST_DELAY = timedelta(hours=1)


class AwsRetryPolicy(RetryPolicy):
    """Waits out what passes; fails at once on what a retry cannot mend, such as a request AWS refuses."""

    @override
    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        if isinstance(exception, ValueError | ParamValidationError):
            return RetryDecision.fail("bad input stays bad")
        if isinstance(exception, JobFailed) and exception.permanent:
            return RetryDecision.fail("the same job would fail again")
        if not isinstance(exception, ClientError):
            return RetryDecision.default()
        code = exception.response["Error"]["Code"]
        if code in FULL:
            return RetryDecision.retry(
                growing_delay(FIRST_DELAY_WHEN_FULL, try_number), f"{code}: no room yet"
            )
        if code in PASSING or is_server_error(exception):
            return RetryDecision.retry(growing_delay(FIRST_DELAY, try_number), code)
        return RetryDecision.fail(f"AWS refused with {code}")

    @override
    def serialize(self) -> dict[str, Any]:
        return {}

    @classmethod
    @override
    def deserialize(cls, data: dict[str, Any]) -> Self:
        return cls()


def is_server_error(error: ClientError) -> bool:
    """Whether AWS itself failed, rather than the request."""
    status: int = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR


def growing_delay(first: timedelta, try_number: int) -> timedelta:
    """Doubles with every try, up to an hour, spread by a quarter so that tasks do not come back together."""
    delay: timedelta = min(first * 2 ** min(try_number - 1, 10), LONGEST_DELAY)
    return delay * random.uniform(0.75, 1.25)  # noqa: S311  # jitter is no secret


DEFAULT_ARGS: dict[str, Any] = {
    "owner": "ml",
    # A resumed task can be failed by the scheduler when it was queued before its deferral was
    # reported; the retry adopts the same job, so it costs nothing.
    "retries": 2,
    "retry_delay": FIRST_DELAY,
    "retry_policy": AwsRetryPolicy(),
    "execution_timeout": timedelta(hours=6),
    "on_failure_callback": notify_failure,
}
