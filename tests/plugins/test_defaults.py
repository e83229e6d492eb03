from datetime import timedelta

import pytest
from airflow.sdk.definitions.retry_policy import RetryAction
from botocore.exceptions import ClientError, ParamValidationError

from millrace.defaults import FIRST_DELAY, AwsRetryPolicy
from millrace.delays import LONGEST, growing
from millrace.errors import JobFailed


def refused(code, status=400):
    answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "CreateTrainingJob")


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (refused("ValidationException"), RetryAction.FAIL),
        (refused("AccessDeniedException"), RetryAction.FAIL),
        (refused("ThrottlingException"), RetryAction.RETRY),
        (refused("ExpiredTokenException"), RetryAction.RETRY),
        (refused("SomethingNew", status=503), RetryAction.RETRY),
        (ParamValidationError(report="no such field"), RetryAction.FAIL),
        (refused("ResourceLimitExceeded"), RetryAction.RETRY),
        (refused("ServiceQuotaExceededException"), RetryAction.RETRY),
        (refused("LimitExceededException"), RetryAction.RETRY),
        (ValueError("bad"), RetryAction.FAIL),
        (JobFailed("AlgorithmError", permanent=True), RetryAction.FAIL),
        (JobFailed("InternalServerError"), RetryAction.DEFAULT),
        (JobFailed("CapacityError", no_capacity=True), RetryAction.RETRY),
        (RuntimeError("who knows"), RetryAction.DEFAULT),
    ],
)
def test_only_what_passes_is_retried(error, action):
    assert AwsRetryPolicy().evaluate(error, 1, 2).action is action


def test_a_full_quota_is_waited_for_longer_than_throttling():
    policy = AwsRetryPolicy()
    full = policy.evaluate(refused("ResourceLimitExceeded"), 1, 2).retry_delay
    assert policy.evaluate(JobFailed("", no_capacity=True), 1, 2).retry_delay > FIRST_DELAY * 5
    assert full > policy.evaluate(refused("ThrottlingException"), 1, 2).retry_delay * 5


def test_delays_grow_up_to_a_bound_and_are_spread():
    assert growing(FIRST_DELAY, 4) > growing(FIRST_DELAY, 1)
    assert growing(FIRST_DELAY, 50) <= LONGEST * 1.25
    assert len({growing(timedelta(minutes=1), 1) for _ in range(20)}) > 1


def test_the_policy_survives_serialization():
    assert isinstance(AwsRetryPolicy.deserialize(AwsRetryPolicy().serialize()), AwsRetryPolicy)
