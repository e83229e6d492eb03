"""What every DAG has in common: retries, alerts, and who owns it."""

from datetime import timedelta
from typing import Any, Self

from airflow.sdk import Context
from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy
from botocore.exceptions import ClientError, ParamValidationError
from typing_extensions import override

from millrace.alerts import notify_failure
from millrace.delays import growing
from millrace.errors import FULL, JobFailed, code_of, passes

FIRST_DELAY = timedelta(seconds=15)
FIRST_DELAY_WHEN_FULL = timedelta(minutes=5)


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
        code = code_of(exception)
        if code in FULL:
            return RetryDecision.retry(growing(FIRST_DELAY_WHEN_FULL, try_number), f"{code}: no room yet")
        if passes(exception):
            return RetryDecision.retry(growing(FIRST_DELAY, try_number), code)
        return RetryDecision.fail(f"AWS refused with {code}")

    @override
    def serialize(self) -> dict[str, Any]:
        return {}

    @classmethod
    @override
    def deserialize(cls, data: dict[str, Any]) -> Self:
        return cls()


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
