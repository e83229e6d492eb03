"""Finds the service that a request is for, and answers in AWS's way what no service answers."""

import json
import logging
import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4
from xml.sax.saxutils import escape

from botocore import xform_name
from botocore.session import get_session
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from typing_extensions import override

from local.aws.calls.attribution import attribute
from local.aws.calls.permissions import Permissions
from local.aws.http import ExcInfo, refuse_to_write
from local.aws.incoming import Incoming
from local.aws.json_service import JsonService
from local.aws.pages import ROOT, Pages
from local.aws.review.page import ReviewPage
from local.aws.review.policies import REVIEW
from local.aws.services import firehose, kinesis
from local.aws.services.eks import clusters
from local.aws.services.eks.clusters import Clusters
from local.aws.services.feature_store.runtime import FeatureStoreRuntime
from local.aws.services.firehose.operations import RECORDS as RECORDS_OF_FIREHOSE
from local.aws.services.kinesis.operations import RECORDS as RECORDS_OF_KINESIS
from local.aws.services.sagemaker.interruption import PATH as INTERRUPTION
from local.aws.services.sagemaker.interruption import Interruption
from local.aws.webhdfs import WebHdfs, WebHdfsRequest

if TYPE_CHECKING:
    from local.aws.server import LocalAws

log = logging.getLogger(__name__)

HEALTH_PATH = "/_millrace/health"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

SAGEMAKER_BY_PATH = (
    (re.compile(r"^/endpoints/[^/]+/(async-)?invocations(-response-stream)?$"), "runtime.sagemaker"),
    (re.compile(r"^/human-loops(/|$)"), "a2i-runtime.sagemaker"),
    (re.compile(r"^/(FeatureGroup/|Batch(Get|Write)Record$)"), "featurestore-runtime.sagemaker"),
    (re.compile(r"^/BatchPutMetrics$"), "metrics.sagemaker"),
)
"""Services that sign as ``sagemaker``; everything else with that name is SageMaker itself."""

READS = re.compile(r"^(Describe|List|Get|Head|BatchGet|Search|Select|Query|Scan|Receive|Validate|Filter)")
"""Operations that leave the state as it is; a receive reports its change itself."""

WAITING = {"ReceiveMessage", "InvokeEndpoint"}
"""Operations that may take long and must not hold a snapshot off meanwhile."""


Beside = Pages | ReviewPage | WebHdfs | Interruption | Clusters


class UnknownServiceError(LookupError):
    """No backend has this name."""


class Dispatcher(DomainDispatcherApplication):
    """The WSGI application: moto's dispatcher with a front door."""

    def __init__(self, aws: "LocalAws") -> None:
        super().__init__(create_backend_app)
        self._aws = aws
        self._backends: dict[str, Any] = {}
        self._pages = Pages(aws)
        self._review = ReviewPage(aws)
        self._webhdfs = WebHdfs(aws)
        self._interruption = Interruption(aws)
        self._own = (
            FeatureStoreRuntime(aws),
            JsonService("kinesis", lambda: kinesis.operations().by_name, RECORDS_OF_KINESIS, aws.region),
            JsonService("firehose", lambda: firehose.operations().by_name, RECORDS_OF_FIREHOSE, aws.region),
        )
        self._permissions = Permissions(aws.account_id, self._backend_of)

    @override
    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Incoming(environ)
        if not _from_this_machine(environ):
            return _answer(request, start_response, 403, "AccessDenied", _STRANGER)
        if request.path == HEALTH_PATH:
            return self._health(start_response)
        if beside := self._beside(request):
            return beside(environ, start_response)
        if self._is_led_from_a_page(environ, request.path):
            return _answer(request, start_response, 403, "AccessDenied", _LED)
        if request.path.startswith("/moto-api"):
            return _answer(request, start_response, 404, "NotFound", "The moto API is not served here.")
        counted = self._counted(request, start_response)
        with self._guard(request):
            return self._call(request, counted)

    def _beside(self, request: Incoming) -> Beside | None:
        """What answers here that is no service of AWS."""
        if INTERRUPTION.fullmatch(request.path):
            return self._interruption
        if clusters.ADDRESS.fullmatch(request.path):
            return clusters.current()
        if f"{request.path}/".startswith(REVIEW):
            return self._review
        if f"{request.path}/".startswith(ROOT):
            return self._pages
        return self._webhdfs if WebHdfsRequest.is_one(request) else None

    def _is_led_from_a_page(self, environ: dict[str, Any], path: str) -> bool:
        """A page of another site, or one that a job wrote, had a browser GET something other than an object.

        Such a GET has no Origin, and services with a query protocol also act on a GET. No client of AWS
        sends this header.
        """
        elsewhere = environ.get("HTTP_SEC_FETCH_SITE") == "cross-site"
        return elsewhere and self.infer_service_region_host(environ, path) is not None

    def _counted(self, request: Incoming, start_response: Any) -> Any:
        """A ``start_response`` that also enters the call into the record; a call never fails for that."""
        try:
            caller = attribute(request, self._aws.account_id)
            permissions = self._permissions.of(request)
        except Exception:
            log.exception("%s %s is not in the record of calls", request.method, request.path)
            return start_response

        def start(status: str, headers: list[tuple[str, str]]) -> Any:
            failed = int(status[:3]) >= HTTPStatus.BAD_REQUEST
            self._aws.calls.add(caller, permissions, failed=failed)
            return start_response(status, headers)

        return start

    def _backend_of(self, environ: dict[str, Any]) -> str | None:
        backend = self.get_backend_for_host(
            self.infer_service_region_host(environ, environ.get("PATH_INFO", ""))
        )
        return str(backend) if backend else None

    def _guard(self, request: Incoming) -> AbstractContextManager[None]:
        operation = "InvokeEndpoint" if request.path.endswith("/invocations") else request.operation
        if operation in WAITING or request.service == "s3":  # S3 does this itself, for uploads
            return nullcontext()
        if self._own_of(request):  # what these keep is not part of the snapshot
            return nullcontext()
        if request.service == "redshift-data":  # a statement may be waited for; it reports its changes itself
            return nullcontext()
        reads = READS.match(operation) if operation else request.method in ("GET", "HEAD")
        return nullcontext() if reads else self._aws.changing()

    def _call(self, request: Incoming, start_response: Any) -> Iterable[bytes]:
        environ = request.environ
        try:
            opening = _Opening()
            body = self._application(request)(environ, opening)
            if opening.is_page:
                body = [b"".join(body)]
                if _written_by_flask(body[0], request):
                    message = f"{request.service} has no operation for {request.method} {request.path}."
                    return _answer(request, start_response, 404, "UnknownOperationException", message)
            start_response(opening.status, opening.headers)
            return body
        except UnknownServiceError as error:
            message = f"{error} is not part of the local AWS."
            return _answer(request, start_response, 501, "NotImplemented", message)
        except NotImplementedError as error:
            message = f"{_operation_name(request, error)} is not implemented by the local AWS."
            return _answer(request, start_response, 501, "NotImplemented", message)
        except Exception as error:
            log.exception("%s %s failed", request.method, request.path)
            message = f"The local AWS failed on this request: {type(error).__name__}: {error}"
            return _answer(request, start_response, 500, "InternalFailure", message)

    def _application(self, request: Incoming) -> Any:
        return self._own_of(request) or self.get_application(request.environ)

    def _own_of(self, request: Incoming) -> FeatureStoreRuntime | JsonService | None:
        """What answers a request in place of moto."""
        return next((service for service in self._own if service.is_one(request)), None)

    def _health(self, start_response: Any) -> Iterable[bytes]:
        ready = self._aws.ready
        body = json.dumps({"status": "ok" if ready else "starting"}).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response("200 OK" if ready else "503 Service Unavailable", headers)
        return [body]

    def infer_service_region_host(self, environ: dict[str, Any], path: str) -> str | None:
        """The host name on AWS of the service that this request is for."""
        if environ.get("HTTP_AUTHORIZATION", "").startswith("AWS "):
            return None  # Version 2, S3's alone: moto takes its base64 for a scope where it has four slashes.
        host: str | None = super().infer_service_region_host(environ, path)
        if host is None or ".sagemaker." not in host:
            return host
        region = host.removesuffix(".amazonaws.com").rpartition(".")[2]
        prefix = next((name for pattern, name in SAGEMAKER_BY_PATH if pattern.search(path)), "api.sagemaker")
        return f"{prefix}.{region}.amazonaws.com"

    def get_backend_for_host(self, host: str | None) -> Any:
        """Moto's name for the service at ``host``; remembered, as moto tries 200 patterns each time.

        Raises:
            UnknownServiceError: moto has no such service.
        """
        if host is None:
            return None
        if host.startswith("featurestore-runtime."):  # moto has none: see `_application`
            return "sagemakerfeaturestoreruntime"
        if host not in self._backends:
            found = super().get_backend_for_host(host)
            if found is None:
                raise UnknownServiceError(host.removesuffix(".amazonaws.com").rpartition(".")[0] or host)
            self._backends[host] = found
        return self._backends[host]


_STRANGER = "The local AWS answers programs of this machine only: Host and Origin must be loopback addresses."

_LED = "A web page of another site led here: of this server's services, it may lead to objects of S3 only."


def _from_this_machine(environ: dict[str, Any]) -> bool:
    """False for a web page that reaches for this port from a browser (Origin), or by DNS rebinding (Host)."""
    origin = environ.get("HTTP_ORIGIN")
    if origin and urlsplit(origin).hostname not in LOOPBACK and not _is_embedded(environ):
        return False
    host = urlsplit(f"//{environ.get('HTTP_HOST', 'localhost')}").hostname or ""
    return host in LOOPBACK or host.endswith(".localhost")


def _is_embedded(environ: dict[str, Any]) -> bool:
    """Whether a page in a sandbox, whose origin is "null", shows a picture, plays a clip or loads a script.

    The task of a reviewer is such a page. It cannot read the answer, no more than one without an Origin.
    """
    says = environ.get("HTTP_ORIGIN"), environ.get("REQUEST_METHOD"), environ.get("HTTP_SEC_FETCH_MODE")
    return says == ("null", "GET", "no-cors")


def _operation_name(request: Incoming, error: NotImplementedError) -> str:
    """Service and operation in AWS's spelling (moto's error has ``create_thing``)."""
    operation = request.operation
    if not operation:
        found = re.match(r"The (\w+) action", str(error))
        operation = _aws_spelling(request.service, found.group(1)) if found else f"this call ({error})"
    return f"{request.service}:{operation}"


def _aws_spelling(service: str, action: str) -> str:
    session = get_session()
    if service not in session.get_available_services():
        return action
    operations = session.get_service_model(service).operation_names
    return next((name for name in operations if xform_name(name) == action), action)


class _Opening:
    """A ``start_response`` that waits: the answer may have to be replaced."""

    status = ""
    headers: list[tuple[str, str]]

    def __call__(
        self, status: str, headers: list[tuple[str, str]], _exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        self.status, self.headers = status, headers
        return refuse_to_write

    @property
    def is_page(self) -> bool:
        """Whether this may be Flask's page for a path that it does not know."""
        return self.status[:3] in ("404", "405") and "text/html" in dict(self.headers).get("Content-Type", "")


def _written_by_flask(body: bytes, request: Incoming) -> bool:
    """Moto labels many answers as HTML; nothing at all is its answer to an unknown operation."""
    return body.lstrip()[:14].lower() == b"<!doctype html" or (not body and request.service != "s3")


def _answer(request: Incoming, start: Any, status: int, code: str, message: str) -> Iterable[bytes]:
    """An error in the protocol of the request.

    501 and 4xx are answered once: botocore and the Java SDK retry 500, 502, 503 and 504 only.
    """
    request_id = str(uuid4())
    if request.is_form or request.service in ("s3", "route53", "cloudfront"):
        error = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
        end = f"<RequestId>{request_id}</RequestId>"
        if request.is_form:
            text = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error>{end}</ErrorResponse>"
        else:
            text = f"<Error>{error}{end}</Error>"
        content_type = "text/xml"
    else:
        text = json.dumps({"__type": code, "message": message})
        content_type = "application/x-amz-json-1.1"
    body = text.encode()
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        ("x-amzn-ErrorType", code),
        ("x-amzn-RequestId", request_id),
    ]
    start(f"{status} {code}", headers)
    return [] if request.method == "HEAD" else [body]
