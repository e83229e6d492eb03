"""What AWS refuses: constraints that botocore's model of the API knows, and rules that it does not."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from botocore.model import ServiceModel
from botocore.session import get_session
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from local.aws.constraints import broken
from local.aws.errors import AnsweredError
from local.aws.runtime.addresses import LAST_HOST

MAX_TRAINING_SECONDS = 28 * 24 * 3600


class SageMakerError(AnsweredError):
    """SageMaker refuses the request."""


class ValidationError(SageMakerError):
    """The request cannot be served as it is."""

    code = "ValidationException"


class ResourceInUseError(SageMakerError):
    """The name is taken."""

    code = "ResourceInUse"


class ResourceNotFoundError(SageMakerError):
    """Nothing has that name."""

    code = "ResourceNotFound"


class ResourceLimitExceededError(SageMakerError):
    """An account-level quota is used up."""

    code = "ResourceLimitExceeded"


@cache
def service_model() -> ServiceModel:
    """Botocore's model of SageMaker."""
    return get_session().get_service_model("sagemaker")


def check_request(operation: str, request: Mapping[str, Any]) -> None:
    """Raises `ValidationError` in AWS's words for every constraint that the request breaks."""
    if message := broken(service_model().operation_model(operation), request):
        raise ValidationError(message)


def check_role(role: str, account: str, region: str) -> None:
    """The role must exist in the account and let SageMaker assume it."""
    roles = iam_backends[account][get_partition(region)].roles
    name = role.rsplit("/", 1)[-1]
    found = next((r for r in roles.values() if r.name == name and r.arn == role), None)
    if found is None or "sagemaker.amazonaws.com" not in str(found.assume_role_policy_document):
        raise ValidationError(
            f"Could not assume role {role}. Please ensure that the role exists and allows principal "
            "'sagemaker.amazonaws.com' to assume the role."
        )


def check_stopping_condition(condition: Mapping[str, Any] | None) -> None:
    """A training job may run for 28 days at most."""
    seconds = (condition or {}).get("MaxRuntimeInSeconds", 0)
    if seconds > MAX_TRAINING_SECONDS:
        raise ValidationError(
            f"MaxRuntimeInSeconds is {seconds}; the limit is {MAX_TRAINING_SECONDS}: give a lower value."
        )


def check_instance_count(count: int) -> None:
    """Each instance is a loopback address, and a job has a network of them."""
    if not 1 <= count <= LAST_HOST:
        raise ValidationError(f"InstanceCount is {count}: give 1 to {LAST_HOST}, the most the local AWS has.")


def check_metrics(definitions: Iterable[Mapping[str, str]]) -> None:
    """Each metric's `Regex` has to be one."""
    for definition in definitions:
        try:
            re.compile(definition["Regex"])
        except re.error as error:
            raise ValidationError(
                f"The Regex {definition['Regex']!r} of metric {definition['Name']} is invalid: {error}."
            ) from error


def check_s3_uri(uri: str, field: str) -> None:
    """Only S3 is a source and a target of jobs."""
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9](/.*)?", uri, re.DOTALL):
        raise ValidationError(f"The {field} {uri!r} is not a valid S3 URI: give s3://bucket/prefix.")
