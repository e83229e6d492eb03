"""The IAM actions and resources of a request."""

import re
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore import xform_name
from botocore.session import get_session
from moto.core.request import Request
from moto.core.routing import get_service_router
from werkzeug.exceptions import HTTPException

from local.aws.incoming import Incoming

Permission = tuple[str, str | None]
"""An action and its resource."""

FOLDERS = 3
"""How deep a key is kept: tenant, DAG and run are a run's own folder."""

NAME = re.compile(r"[\w.-]{1,100}", re.ASCII)
"""A service or operation; what is spelled otherwise has been made up."""

PREFIXES = {"monitoring": "cloudwatch", "email": "ses"}
"""IAM's names of services that sign under another one."""

S3_ACTIONS = {
    "AbortMultipartUpload": "AbortMultipartUpload",
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteObjects": "DeleteObject",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListParts": "ListMultipartUploadParts",
    "PostObject": "PutObject",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "SelectObjectContent": "GetObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}
"""Operations that IAM names otherwise; the rest has the operation's name.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""
ARGUMENTS = re.compile(r"(?:^|&)(list-type=2|[^=&]+)")
"""Names of a query's arguments, and the one value that makes another operation."""
VERSIONED = {
    "GetObject",
    "DeleteObject",
    "GetObjectTagging",
    "PutObjectTagging",
    "GetObjectAcl",
    "PutObjectAcl",
}
"""S3's actions that are others when the request names a version."""

ACTIONS = {
    ("lambda", "Invoke"): "InvokeFunction",
    ("lambda", "InvokeAsync"): "InvokeFunction",
    ("sns", "PublishBatch"): "Publish",
    ("sqs", "ChangeMessageVisibilityBatch"): "ChangeMessageVisibility",
    ("sqs", "DeleteMessageBatch"): "DeleteMessage",
    ("sqs", "SendMessageBatch"): "SendMessage",
}
"""The same of other services."""

NAMES = {
    "firehose": ("DeliveryStreamName", "deliverystream/"),
    "kinesis": ("StreamName", "stream/"),
    "logs": ("logGroupName", "log-group:"),
    "sqs": ("QueueName", ""),
}
"""The member of a request that has a resource's name, and what stands before it in its ARN."""


class Permissions:
    """Reads permissions out of requests.

    Args:
        account: whose resources these are.
        backend_of: moto's name for the service of a request, as the dispatcher finds it.
    """

    def __init__(self, account: str, backend_of: Callable[[dict[str, Any]], str | None]) -> None:
        self._account = account
        self._backend_of = backend_of

    def of(self, request: Incoming) -> list[Permission]:
        """What a caller needs to be allowed; an action that the request does not tell is ``?``."""
        if request.service == "s3":
            return self._of_s3(request)
        prefix = PREFIXES.get(request.service, request.service)
        if not NAME.fullmatch(prefix):
            return [("?", None)]
        operation = request.operation or _routed(self._service(request), request.environ)
        if not NAME.fullmatch(operation):
            operation = "?"
        action = ACTIONS.get((prefix, operation), operation)
        return [(f"{prefix}:{action}", self._resource(request, operation))]

    @cached_property
    def _services(self) -> dict[str, str]:
        """Botocore's names by moto's, which have no hyphens."""
        return {name.replace("-", ""): name for name in get_session().get_available_services()}

    def _service(self, request: Incoming) -> str | None:
        """Botocore's name; several services sign with one name, and moto has some under names of its own."""
        try:
            backend = self._backend_of(request.environ) or ""
        except LookupError:  # no such service here: the answer says so
            return None
        return self._services.get(backend) or self._services.get(request.service.replace("-", ""))

    # S3

    def _of_s3(self, request: Incoming) -> list[Permission]:
        bucket, key = bucket_and_key(request)
        depth = 2 if key else bool(bucket)
        operation = _s3_operation(request.method, depth, tuple(ARGUMENTS.findall(request.query)))
        action = S3_ACTIONS.get(operation, operation)
        if action in VERSIONED and "versionId" in ARGUMENTS.findall(request.query):
            action = action.replace("Object", "ObjectVersion", 1)
        permissions: list[Permission] = [
            (f"s3:{action}", s3_arn(bucket, key, of_objects=operation == "DeleteObjects"))
        ]
        if source := request.environ.get("HTTP_X_AMZ_COPY_SOURCE"):
            # The key is quoted, what comes after it is not.
            where, _, version = source.partition("?")
            read = "s3:GetObjectVersion" if version.startswith("versionId=") else "s3:GetObject"
            permissions.append((read, s3_arn(*unquote(where).removeprefix("/").split("/", 1))))
        return permissions

    # Other services

    def _resource(self, request: Incoming, operation: str) -> str | None:
        found = (
            _named_arn(request)
            or self._by_url(request)
            or self._by_path(request)
            or self._by_name(request, operation)
        )
        return found[:2048] if found else None

    def _arn(self, request: Incoming, resource: str) -> str:
        return f"arn:aws:{request.service}:{request.region}:{self._account}:{resource}"

    def _by_url(self, request: Incoming) -> str | None:
        url = request.fields.get("QueueUrl")
        return self._arn(request, urlsplit(url).path.rpartition("/")[2]) if isinstance(url, str) else None

    def _by_path(self, request: Incoming) -> str | None:
        invoked = re.match(r"/endpoints/([^/]+)/(async-)?invocations", request.path)
        if invoked:
            return self._arn(request, f"endpoint/{invoked.group(1)}")
        group = re.match(r"/FeatureGroup/(?:arn:[^/]*/)?([^/]+)", request.path)
        return self._arn(request, f"feature-group/{group.group(1).lower()}") if group else None

    def _by_name(self, request: Incoming, operation: str) -> str | None:
        """By the member that has the name of what the operation is about."""
        member, kind = NAMES.get(request.service, ("", ""))
        if name := request.fields.get(member):
            return self._arn(request, f"{kind}{name}")
        if request.service != "sagemaker":
            return None
        stems = [field.removesuffix("Name") for field in request.fields if field.endswith("Name")]
        stem = max((stem for stem in stems if stem and stem in operation), key=len, default=None)
        return (
            self._arn(request, f"{xform_name(stem, '-')}/{request.fields[f'{stem}Name']}") if stem else None
        )


def _named_arn(request: Incoming) -> str | None:
    """The first member that is an ARN of this service: ``TopicArn``, ``ResourceArn``, ``TargetArn``."""
    beginning = f"arn:aws:{request.service}:"
    values = request.fields.values()
    return next((value for value in values if isinstance(value, str) and value.startswith(beginning)), None)


def _routed(service: str | None, environ: dict[str, Any]) -> str:
    """The operation that botocore's model has at this method and path; empty if there is none."""
    if service is None:
        return ""
    try:
        operation, _ = get_service_router(service).match(Request(environ, populate_request=False))
    except (HTTPException, NotImplementedError):
        return ""
    return str(operation.name)


@lru_cache(maxsize=1024)
def _s3_operation(method: str, depth: int, arguments: tuple[str, ...]) -> str:
    """The operation of S3 on all buckets (0), a bucket (1) or an object (2); ``?`` if there is none.

    Which bucket and object does not matter, and to find out costs a tenth of a small request.
    """
    path = "/bucket/key"[: (1, 7, 11)[depth]]
    server = {"wsgi.url_scheme": "http", "SERVER_NAME": "s3", "SERVER_PORT": "80"}
    request = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": "&".join(arguments)}
    return _routed("s3", server | request) or "?"


def bucket_and_key(request: Incoming) -> tuple[str, str]:
    """Bucket and key of a request to S3, whose bucket may stand in the host's name."""
    host = urlsplit(f"//{request.environ.get('HTTP_HOST', '')}").hostname or ""
    path = request.path.encode("latin-1", "replace").decode(errors="replace").removeprefix("/")
    hosted = host.removesuffix(".localhost").removesuffix(".s3") if host.endswith(".localhost") else ""
    # Under Docker Compose the server itself is called aws.localhost.
    if hosted and hosted not in {"aws", "s3"}:
        return hosted, path
    bucket, _, key = path.partition("/")
    return bucket, key


def s3_arn(bucket: str, key: str = "", *, of_objects: bool = False) -> str:
    """The ARN of a bucket, or of the folder that an object is in.

    >>> s3_arn("b", "main/abalone/run-1/model/model.tar.gz"), s3_arn("b", "x"), s3_arn("b")
    ('arn:aws:s3:::b/main/abalone/run-1/*', 'arn:aws:s3:::b/*', 'arn:aws:s3:::b')
    """
    if not key:
        return f"arn:aws:s3:::{bucket or '*'}{'/*' if of_objects else ''}"
    folders = key.split("/")[:-1][:FOLDERS]
    return f"arn:aws:s3:::{'/'.join([bucket, *folders, '*'])}"[:2048]
