"""What AWS refuses: constraints that botocore's model of the API knows, and rules that it does not."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape
from botocore.session import get_session
from moto.core.exceptions import ServiceException
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

MAX_TRAINING_SECONDS = 28 * 24 * 3600
SHOWN = 200


class SageMakerError(ServiceException):
    """An error answer. `code` is AWS's name of it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


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
    shape = service_model().operation_model(operation).input_shape
    if not isinstance(shape, StructureShape):
        return
    problems = list(_problems(shape, request, ""))
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise ValidationError(f"{count}: {'; '.join(problems[:10])}")


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        yield from _structure(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _size(shape, len(value), value, path, "length")
        for index, item in enumerate(value):
            yield from _problems(shape.member, item, f"{path}.{index + 1}.member")
    elif isinstance(shape, MapShape):
        yield from _size(shape, len(value), value, path, "length")
        for key, item in value.items():
            yield from _problems(shape.value, item, f"{path}.{key}")
    elif isinstance(shape, StringShape):
        yield from _string(shape, str(value), path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _size(shape, value, value, path, "value")


def _structure(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _problem("null", _join(path, name), "Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _problems(member, value[name], _join(path, name))


def _string(shape: StringShape, value: str, path: str) -> Iterator[str]:
    yield from _size(shape, len(value), value, path, "length")
    if shape.enum and value not in shape.enum:
        yield _problem(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        yield _problem(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _size(shape: Shape, size: float, value: Any, path: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    of = "have length" if what == "length" else "have value"
    if least is not None and size < float(least):
        yield _problem(value, path, f"Member must {of} greater than or equal to {least}")
    if most is not None and size > float(most):
        yield _problem(value, path, f"Member must {of} less than or equal to {most}")


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    except re.error:
        # The model's patterns are Java's; the few that Python cannot read are not checked.
        return True


def _problem(value: Any, path: str, constraint: str) -> str:
    shown = str(value)
    shown = shown if len(shown) <= SHOWN else shown[:SHOWN] + "..."
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: {constraint}"


def _join(path: str, name: str) -> str:
    name = name[0].lower() + name[1:]
    return f"{path}.{name}" if path else name


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


def check_s3_uri(uri: str, field: str) -> None:
    """Only S3 is a source and a target of jobs."""
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9](/.*)?", uri, re.DOTALL):
        raise ValidationError(f"The {field} {uri!r} is not a valid S3 URI: give s3://bucket/prefix.")
