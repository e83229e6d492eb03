"""Finds the service that a request is for, and answers in AWS's way what no service answers."""

import io
import json
import logging
import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4
from xml.sax.saxutils import escape

from botocore import xform_name
from botocore.session import get_session
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from typing_extensions import override

from local.aws import browse
from local.aws.http import ExcInfo, refuse_to_write

if TYPE_CHECKING:
    from local.aws.server import LocalAws

log = logging.getLogger(__name__)

HEALTH_PATH = "/_millrace/health"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

SAGEMAKER_BY_PATH = (
    (re.compile(r"^/endpoints/[^/]+/(async-)?invocations(-response-stream)?$"), "runtime.sagemaker"),
    (re.compile(r"^/human-loops(/|$)"), "a2i-runtime.sagemaker"),
    (re.compile(r"^/(FeatureGroup/|BatchGetRecord$)"), "featurestore-runtime.sagemaker"),
    (re.compile(r"^/BatchPutMetrics$"), "metrics.sagemaker"),
)
"""Services that sign as ``sagemaker``; everything else with that name is SageMaker itself."""

READS = re.compile(r"^(Describe|List|Get|Head|BatchGet|Search|Select|Query|Scan|Receive|Validate|Filter)")
"""Operations that leave the state as it is; a receive reports its change itself."""

WAITING = {"ReceiveMessage", "InvokeEndpoint"}
"""Operations that may take long and must not hold a snapshot off meanwhile."""

FORM = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 4 << 20


class UnknownServiceError(LookupError):
    """No backend has this name."""


class Dispatcher(DomainDispatcherApplication):
    """The WSGI application: moto's dispatcher with a front door."""

    def __init__(self, aws: "LocalAws") -> None:
        super().__init__(create_backend_app)
        self._aws = aws
        self._backends: dict[str, Any] = {}
        self._browser = browse.Browser(aws)

    @override
    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not _from_this_machine(environ):
            return _answer(environ, start_response, 403, "AccessDenied", _STRANGER)
        if path == HEALTH_PATH:
            return self._health(start_response)
        if f"{path}/".startswith(browse.ROOT):
            return self._browser(environ, start_response)
        if self._is_led_from_a_page(environ, path):
            return _answer(environ, start_response, 403, "AccessDenied", _LED)
        if path.startswith("/moto-api"):
            return _answer(environ, start_response, 404, "NotFound", "The moto API is not served here.")
        with self._guard(environ, operation_of(environ)):
            return self._call(environ, start_response)

    def _is_led_from_a_page(self, environ: dict[str, Any], path: str) -> bool:
        """A page of another site, or one that a job wrote, had a browser GET something other than an object.

        Such a GET has no Origin, and services with a query protocol also act on a GET. No client of AWS
        sends this header.
        """
        elsewhere = environ.get("HTTP_SEC_FETCH_SITE") == "cross-site"
        return elsewhere and self.infer_service_region_host(environ, path) is not None

    def _guard(self, environ: dict[str, Any], operation: str | None) -> AbstractContextManager[None]:
        if operation in WAITING or _service(environ) == "s3":  # S3 does this itself, for uploads
            return nullcontext()
        reads = READS.match(operation) if operation else environ["REQUEST_METHOD"] in ("GET", "HEAD")
        return nullcontext() if reads else self._aws.changing()

    def _call(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        try:
            opening = _Opening()
            body = self.get_application(environ)(environ, opening)
            if opening.is_page:
                body = [b"".join(body)]
                if _written_by_flask(body[0], environ):
                    return _answer(
                        environ, start_response, 404, "UnknownOperationException", _no_route(environ)
                    )
            start_response(opening.status, opening.headers)
            return body
        except UnknownServiceError as error:
            return _answer(
                environ, start_response, 501, "NotImplemented", f"{error} is not part of the local AWS."
            )
        except NotImplementedError as error:
            message = f"{_operation_name(environ, error)} is not implemented by the local AWS."
            return _answer(environ, start_response, 501, "NotImplemented", message)
        except Exception as error:
            log.exception("%s %s failed", environ["REQUEST_METHOD"], environ.get("PATH_INFO"))
            message = f"The local AWS failed on this request: {type(error).__name__}: {error}"
            return _answer(environ, start_response, 500, "InternalFailure", message)

    def _health(self, start_response: Any) -> Iterable[bytes]:
        ready = self._aws.ready
        body = json.dumps({"status": "ok" if ready else "starting"}).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response("200 OK" if ready else "503 Service Unavailable", headers)
        return [body]

    def infer_service_region_host(self, environ: dict[str, Any], path: str) -> str | None:
        """The host name on AWS of the service that this request is for."""
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
    if origin and urlsplit(origin).hostname not in LOOPBACK:
        return False
    host = urlsplit(f"//{environ.get('HTTP_HOST', 'localhost')}").hostname or ""
    return host in LOOPBACK or host.endswith(".localhost")


def operation_of(environ: dict[str, Any]) -> str | None:
    """The operation's name where the request says it outside of its path."""
    target: str | None = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return target.rpartition(".")[2]
    if re.search(r"/invocations$", environ.get("PATH_INFO", "")):
        return "InvokeEndpoint"
    if environ.get("CONTENT_TYPE", "").startswith(FORM) and _service(environ) != "s3":
        return _action(environ)
    return None


def _action(environ: dict[str, Any]) -> str | None:
    """The operation of a query-protocol request, whose body is left to be read again."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not 0 < length <= MAX_FORM_BYTES:
        return None
    body = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return parse_qs(body.decode(errors="replace")).get("Action", [None])[0]


def _service(environ: dict[str, Any]) -> str:
    """The signing name of the service; what is not signed is taken for S3, as moto does."""
    scope = re.search(r"Credential=[^/]*/[^/]*/[^/]*/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    return scope.group(1) if scope else "s3"


def _operation_name(environ: dict[str, Any], error: NotImplementedError) -> str:
    """Service and operation in AWS's spelling (moto's error has ``create_thing``)."""
    service = _service(environ)
    operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if not operation:
        found = re.match(r"The (\w+) action", str(error))
        operation = _aws_spelling(service, found.group(1)) if found else f"this call ({error})"
    return f"{service}:{operation}"


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


def _written_by_flask(body: bytes, environ: dict[str, Any]) -> bool:
    """Moto labels many answers as HTML; nothing at all is its answer to an unknown operation."""
    return body.lstrip()[:14].lower() == b"<!doctype html" or (not body and _service(environ) != "s3")


def _no_route(environ: dict[str, Any]) -> str:
    request = f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}"
    return f"{_service(environ)} has no operation for {request}."


def _answer(environ: dict[str, Any], start: Any, status: int, code: str, message: str) -> Iterable[bytes]:
    """An error in the protocol of the request.

    501 and 4xx are answered once: botocore and the Java SDK retry 500, 502, 503 and 504 only.
    """
    request_id = str(uuid4())
    query = environ.get("CONTENT_TYPE", "").startswith(FORM)
    if query or _service(environ) in ("s3", "route53", "cloudfront"):
        error = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
        request = f"<RequestId>{request_id}</RequestId>"
        if query:
            text = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error>{request}</ErrorResponse>"
        else:
            text = f"<Error>{error}{request}</Error>"
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
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
