"""What AWS refuses, in AWS's words where they are known."""

import re
import shlex
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from botocore.model import ServiceModel
from botocore.session import get_session
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from local.aws.constraints import broken
from local.aws.errors import AnsweredError

RELEASE = re.compile(r"emr-([5-9])\.(\d{1,2})\.0(-[a-z][a-z0-9]*)*-(latest|\d{8})")
FIRST_MINOR = {5: 32, 6: 2}
"""https://docs.aws.amazon.com/emr/latest/EMR-on-EKS-DevelopmentGuide/emr-eks-releases.html"""
TRUSTED = ("pods.eks.amazonaws.com", ":oidc-provider/")
"""Whom a job execution role lets assume it: EKS Pod Identity, or the service accounts of a cluster."""
DEFAULT_PAGE = 50

Item = TypeVar("Item")


class EmrContainersError(AnsweredError):
    """EMR on EKS refuses the request."""


class ValidationError(EmrContainersError):
    """The request cannot be served as it is."""

    code = "ValidationException"


class NotFoundError(EmrContainersError):
    """Nothing has that id."""

    code = "ResourceNotFoundException"


@cache
def service_model() -> ServiceModel:
    """Botocore's model of EMR on EKS."""
    return get_session().get_service_model("emr-containers")


def check_request(operation: str, request: Mapping[str, Any]) -> None:
    """Raises `ValidationError` in AWS's words for every constraint that the request breaks."""
    if message := broken(service_model().operation_model(operation), request):
        raise ValidationError(message)


def check_job(request: Mapping[str, Any], account: str, region: str) -> None:
    """What a job run needs beyond what the API's model says.

    Raises:
        NotFoundError: the release is none of EMR on EKS.
        ValidationError: a member is missing, is none that this service has, or cannot be read.
    """
    for member in ("jobTemplateId", "jobTemplateParameters"):
        if request.get(member):
            raise ValidationError(f"{member}: the local AWS has no job templates. Give the job itself.")
    if missing := [
        name for name in ("executionRoleArn", "releaseLabel", "jobDriver") if not request.get(name)
    ]:
        raise ValidationError(f"{', '.join(missing)}: give it, as the job run is not made from a template.")
    check_release(request["releaseLabel"])
    check_driver(request["jobDriver"])
    check_retries(request.get("retryPolicyConfiguration"))
    check_role(request["executionRoleArn"], account, region)


def check_release(label: str) -> None:
    """Raises `NotFoundError` for a label of no release of EMR on EKS."""
    match = RELEASE.fullmatch(label)
    if match is None or int(match[2]) < FIRST_MINOR.get(int(match[1]), 0):
        raise NotFoundError(f"Release {label} doesn't exist.")


def check_driver(driver: Mapping[str, Any]) -> None:
    """Raises `ValidationError` for anything but one ``sparkSubmitJobDriver`` with readable parameters."""
    if set(driver) != {"sparkSubmitJobDriver"}:
        raise ValidationError(
            f"jobDriver holds {', '.join(driver) or 'nothing'}: the local AWS runs one sparkSubmitJobDriver."
        )
    parameters = driver["sparkSubmitJobDriver"].get("sparkSubmitParameters") or ""
    try:
        shlex.split(parameters)
    except ValueError as error:
        raise ValidationError(f"sparkSubmitParameters {parameters!r} cannot be split: {error}.") from error


def check_retries(policy: Mapping[str, Any] | None) -> None:
    """Raises `ValidationError` for less than one attempt."""
    if policy and policy["maxAttempts"] < 1:
        raise ValidationError(f"maxAttempts is {policy['maxAttempts']}: give at least 1.")


def check_role(role: str, account: str, region: str) -> None:
    """The role must exist in the account and let pods of EKS assume it.

    https://docs.aws.amazon.com/emr/latest/EMR-on-EKS-DevelopmentGuide/setting-up-trust-policy.html
    """
    roles = iam_backends[account][get_partition(region)].roles
    found = next((r for r in roles.values() if r.arn == role), None)
    trust = str(found.assume_role_policy_document) if found else ""
    if not any(principal in trust for principal in TRUSTED):
        raise ValidationError(
            f"The job execution role {role} can't be assumed. Make sure that the role exists and that its "
            "trust policy lets pods.eks.amazonaws.com, or the cluster's OIDC provider, assume it."
        )


def page(items: Sequence[Item], request: Mapping[str, Any]) -> tuple[Sequence[Item], str | None]:
    """One page and the token of the next. Raises `ValidationError` for a token that is not ours."""
    token = request.get("nextToken") or "0"
    if not token.isdigit() or int(token) > len(items):
        raise ValidationError(f"The next token {token!r} isn't valid: this operation did not give it.")
    start, size = int(token), int(request.get("maxResults") or DEFAULT_PAGE)
    following = str(start + size) if start + size < len(items) else None
    return items[start : start + size], following
