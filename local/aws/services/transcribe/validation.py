"""What AWS refuses, in AWS's words where they are known."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.model import ServiceModel
from botocore.session import get_session
from moto.iam.models import iam_backends
from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from local.aws.constraints import broken
from local.aws.errors import AnsweredError
from local.aws.runtime.transfer import S3Uri

NO_OBJECT = (
    "The URI that you provided doesn't point to an S3 object. Make sure that the object exists and try your "
    "request again."
)
_PATH_STYLE = re.compile(r"s3([.-][a-z0-9-]+)?\.amazonaws\.com(\.cn)?")
_HOST_STYLE = re.compile(r"(?P<bucket>.+)\.s3([.-][a-z0-9-]+)?\.amazonaws\.com(\.cn)?")
_LOOPBACK = ("127.0.0.1", "localhost")


class TranscribeError(AnsweredError):
    """Transcribe refuses the request."""


class BadRequestError(TranscribeError):
    """The request cannot be served as it is."""

    code = "BadRequestException"


class ConflictError(TranscribeError):
    """The name is taken, or the resource is being changed."""

    code = "ConflictException"


class LimitExceededError(TranscribeError):
    """An account has as many of something as it may have."""

    code = "LimitExceededException"


class NotFoundError(TranscribeError):
    """Nothing has that name."""

    code = "NotFoundException"


@cache
def service_model() -> ServiceModel:
    """Botocore's model of Transcribe."""
    return get_session().get_service_model("transcribe")


def check_request(operation: str, request: Mapping[str, Any]) -> None:
    """Raises `BadRequestError` in AWS's words for every constraint that the request breaks."""
    if message := broken(service_model().operation_model(operation), request):
        raise BadRequestError(message)


def not_found(operation: str, what: str, *, of: str | None = None) -> TranscribeError:
    """The error for a name that nothing has.

    Operations whose model has no ``NotFoundException`` answer ``BadRequestException``, and so does
    ``GetTranscriptionJob``, whose model has it.
    """
    message = (
        f"The requested {what} couldn't be found. Check the {of or what} name and try your request again."
    )
    errors = {shape.name for shape in service_model().operation_model(operation).error_shapes}
    if "NotFoundException" in errors and operation != "GetTranscriptionJob":
        return NotFoundError(message)
    return BadRequestError(message)


def copied(shape: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a request that the answer of this shape repeats."""
    members = getattr(service_model().shape_for(shape), "members", {})
    return {name: value for name, value in request.items() if name in members and value is not None}


def s3_uri(uri: str, field: str) -> S3Uri:
    """An S3 address in any of the forms that Transcribe takes: ``s3://`` or one of S3's own over HTTP.

    Raises:
        BadRequestError: it is none, or names no object.

    >>> str(s3_uri("https://s3.us-east-1.amazonaws.com/bucket/a/b.wav", "MediaFileUri"))
    's3://bucket/a/b.wav'
    """
    parts = urlsplit(uri)
    host, path = parts.hostname or "", unquote(parts.path).lstrip("/")
    if uri.startswith("s3://"):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
    elif _PATH_STYLE.fullmatch(host) or host in _LOOPBACK:
        bucket, _, key = path.partition("/")
    else:
        match = _HOST_STYLE.fullmatch(host)
        bucket, key = (match["bucket"], path) if match else ("", "")
    if not bucket or not key:
        raise BadRequestError(
            f"The S3 URI {uri!r} that you provided in {field} isn't valid: give s3://bucket/key."
        )
    return S3Uri(bucket, key)


def check_object(uri: S3Uri, account: str, region: str) -> int:
    """The size of an object. Raises `BadRequestError` where there is none."""
    backend = s3_backends[account][get_partition(region)]
    try:
        found = backend.head_object(uri.bucket, uri.key)
    except S3ClientError as error:
        raise BadRequestError(NO_OBJECT) from error
    if found is None:
        raise BadRequestError(NO_OBJECT)
    return int(found.size)


def check_bucket(bucket: str, account: str, region: str) -> None:
    """Raises `BadRequestError` for a bucket that the account has not."""
    if bucket not in s3_backends[account][get_partition(region)].buckets:
        raise BadRequestError(
            f"The specified S3 bucket can't be accessed: there is no bucket {bucket}. Check the bucket name "
            "and try your request again."
        )


def check_role(role: str | None, account: str, region: str) -> None:
    """A role, where one is given, must exist in the account and let Transcribe assume it."""
    if role is None:
        return
    roles = iam_backends[account][get_partition(region)].roles
    found = next((r for r in roles.values() if r.arn == role), None)
    if found is None or "transcribe.amazonaws.com" not in str(found.assume_role_policy_document):
        raise BadRequestError(
            f"The data access role {role} can't be assumed. Make sure that the role exists and that its "
            "trust policy allows transcribe.amazonaws.com to assume it."
        )
