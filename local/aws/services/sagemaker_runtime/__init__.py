"""InvokeEndpoint: hands a request to the process behind the endpoint and its answer back.

moto's response class decodes every body as text and parses forms, so requests are taken before it.
"""

import json
import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from moto.sagemaker.models import sagemaker_backends
from moto.sagemakerruntime import urls
from werkzeug.wrappers import Request

from local.aws.metrics import metrics
from local.aws.services.sagemaker import context
from local.aws.services.sagemaker.endpoint import Endpoint, choose
from local.aws.services.sagemaker.invocations import invocations
from local.aws.services.sagemaker.server import ModelAnswer, ModelServer, ModelTimeoutError, ServerFailedError

if TYPE_CHECKING:
    from local.aws.server import LocalAws

SUCCESS = range(200, 300)
CLIENT_ERROR = range(400, 500)
SERVER_ERROR = range(500, 600)
MAX_BODY = 25 * 1024 * 1024
RESTART_PATIENCE = 60.0
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
VARIANT = "X-Amzn-SageMaker-Target-Variant"
PASSED_ON = ("Accept", ATTRIBUTES, "X-Amzn-SageMaker-Inference-Id", "X-Amzn-SageMaker-Target-Model")
PATH = "{0}/endpoints/(?P<name>[^/]+)/invocations$"

Answer = tuple[int, dict[str, str], bytes]

_account = ""


def install(aws: "LocalAws") -> None:
    """Takes the place of moto's canned answers."""
    global _account  # noqa: PLW0603
    _account = aws.account_id
    urls.url_paths[PATH] = invoke_endpoint


class RefusedError(Exception):
    """An error answer of the API."""

    def __init__(self, status: int, code: str, message: str, **members: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.members = status, code, members


def invoke_endpoint(request: Request, _url: str, _headers: Mapping[str, str]) -> Answer:
    """Any body of any type. Errors are those of the API: ValidationError, ModelError, ..."""
    received = time.monotonic()
    # The body is read before anything looks at `request.form`, which would consume it.
    body = request.get_data(cache=True, parse_form_data=False)
    name = unquote(request.path.split("/")[2])
    scope = re.search(r"Credential=[^/]*/[^/]*/([^/]+)/", request.headers.get("Authorization", ""))
    region = scope.group(1) if scope else "us-east-1"
    try:
        server = _server(name, region, request.headers.get(VARIANT))
        return _invoke(server, name, request, body, received)
    except RefusedError as error:
        answer = {"Message": str(error), "message": str(error), **error.members}
        return error.status, _error_headers(error.code), json.dumps(answer).encode()


def _server(name: str, region: str, variant: str | None) -> ModelServer:
    endpoint: Any = sagemaker_backends[_account][region].endpoints.get(name)
    what = f"Variant {variant} of endpoint {name}" if variant else f"Endpoint {name}"
    if isinstance(endpoint, Endpoint) and endpoint.status in ("InService", "Updating"):
        server = choose(context.current().fleet.servers(endpoint.arn, RESTART_PATIENCE), variant)
        if server is not None:
            invocations().add(endpoint.arn, server.name)
            return server
    raise RefusedError(400, "ValidationError", f"{what} of account {_account} not found.")


def _invoke(server: ModelServer, name: str, request: Request, body: bytes, received: float) -> Answer:
    if len(body) > MAX_BODY:
        raise RefusedError(
            413, "ValidationError", f"The body has {len(body)} bytes; the limit is {MAX_BODY}."
        )
    asked = time.monotonic()
    status = HTTPStatus.SERVICE_UNAVAILABLE.value  # unless it answers
    try:
        answer = server.invoke(_request_headers(request), body)
        status = answer.status
    except ModelTimeoutError:
        message = "Your invocation timed out while waiting for a response from container primary"
        raise _model_error(server, name, 0, message, f"{message}.") from None
    except ServerFailedError as error:
        raise RefusedError(503, "ServiceUnavailable", str(error)) from None
    finally:
        _record(server, name, status, asked - received, time.monotonic() - asked)
    if answer.status not in SUCCESS:
        original = answer.body[:2048].decode(errors="replace").strip()
        side = "client" if answer.status in CLIENT_ERROR else "server"
        message = f'Received {side} error ({answer.status}) from primary with message "{original}".'
        raise _model_error(server, name, answer.status, original, message)
    return 200, _answer_headers(server, answer), answer.body


def _record(server: ModelServer, endpoint: str, status: int, overhead: float, model: float) -> None:
    """The metrics of an invocation; seconds that the server and the model took.

    https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
    """
    record = metrics().of(server.region, "AWS/SageMaker", EndpointName=endpoint, VariantName=server.name)
    record("Invocations", 1, "Count")
    record("Invocation4XXErrors", status in CLIENT_ERROR, "Count")
    record("Invocation5XXErrors", status in SERVER_ERROR, "Count")
    record("InvocationModelErrors", status not in SUCCESS, "Count")
    record("OverheadLatency", 1e6 * overhead, "Microseconds")
    record("ModelLatency", 1e6 * model, "Microseconds")


def _request_headers(request: Request) -> dict[str, str]:
    headers = {"Content-Type": request.headers.get("Content-Type") or "application/octet-stream"}
    return headers | {name: request.headers[name] for name in PASSED_ON if name in request.headers}


def _answer_headers(server: ModelServer, answer: ModelAnswer) -> dict[str, str]:
    given = {name.lower(): value for name, value in answer.headers.items()}
    headers = {
        "Content-Type": given.get("content-type", "application/octet-stream"),
        "x-Amzn-Invoked-Production-Variant": server.name,
    }
    if ATTRIBUTES.lower() in given:
        headers[ATTRIBUTES] = given[ATTRIBUTES.lower()]
    return headers


def _model_error(
    server: ModelServer, endpoint: str, status: int, original: str, message: str
) -> RefusedError:
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    return RefusedError(
        424,
        "ModelError",
        f"{message} See {group} in account {_account} for more information.",
        OriginalStatusCode=status,
        OriginalMessage=original,
        LogStreamArn=f"arn:aws:logs:{server.region}:{_account}:log-group:{group}",
    )


def _error_headers(code: str) -> dict[str, str]:
    return {"Content-Type": "application/json", "x-amzn-ErrorType": code}
