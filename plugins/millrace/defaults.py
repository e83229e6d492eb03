"""What every DAG has in common: retries, alerts, and who owns it."""

from datetime import timedelta
from typing import Any, Self

from airflow.sdk import Context
from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy
from botocore.exceptions import ClientError, ParamValidationError
from typing_extensions import override

from millrace.alerts import notify_failure
from millrace.delays import WHEN_FULL, growing
from millrace.errors import QUOTA_IS_FULL, JobFailed, code_of, passes

FIRST_DELAY = timedelta(seconds=15)
EXECUTION_TIMEOUT = timedelta(hours=6)
"""Of a task, the wait for its job included; a job's own limits are to be shorter."""


class AwsRetryPolicy(RetryPolicy):
    """Waits out what passes; fails at once on what a retry cannot mend, such as a request AWS refuses."""

    @override
    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        if isinstance(exception, ValueError | ParamValidationError):
            return RetryDecision.fail("bad input stays bad")
        if isinstance(exception, JobFailed):
            return _after_job(exception, try_number)
        if isinstance(exception, ClientError):
            return _after_refusal(exception, try_number)
        return RetryDecision.default()

    @override
    def serialize(self) -> dict[str, Any]:
        return {}

    @classmethod
    @override
    def deserialize(cls, data: dict[str, Any]) -> Self:
        return cls()


def _after_job(failed: JobFailed, try_number: int) -> RetryDecision:
    if failed.permanent:
        return RetryDecision.fail("the same job would fail again")
    if failed.no_capacity:
        return RetryDecision.retry(growing(WHEN_FULL, try_number), "AWS has no instances for it yet")
    return RetryDecision.default()


def _after_refusal(error: ClientError, try_number: int) -> RetryDecision:
    code = code_of(error)
    if code in QUOTA_IS_FULL:
        return RetryDecision.retry(growing(WHEN_FULL, try_number), f"{code}: no room yet")
    if passes(error):
        return RetryDecision.retry(growing(FIRST_DELAY, try_number), code)
    return RetryDecision.fail(f"AWS refused with {code}")


DEFAULT_ARGS: dict[str, Any] = {
    "owner": "ml",
    # A resumed task can be failed by the scheduler when it was queued before its deferral was
    # reported; the retry adopts the same job, so it costs nothing.
    "retries": 2,
    "retry_delay": FIRST_DELAY,
    "retry_policy": AwsRetryPolicy(),
    "execution_timeout": EXECUTION_TIMEOUT,
    "on_failure_callback": notify_failure,
}
