"""The HTTP side: operations of moto's Lambda responses that this service answers itself."""

import base64
import json
from typing import Any
from urllib.parse import unquote

from moto.awslambda.responses import LambdaResponse
from moto.core.responses import BaseResponse

from local.aws.services.lambda_functions.backend import LocalLambda
from local.aws.services.lambda_functions.context import current
from local.aws.services.lambda_functions.errors import (
    InvalidParameterValueException,
    InvalidRequestContentError,
    RequestTooLargeError,
)
from local.aws.services.lambda_functions.execution import execute
from local.aws.services.lambda_functions.function import LocalFunction

MAX_PAYLOAD = {"RequestResponse": 6 * 1024 * 1024, "Event": 1024 * 1024, "DryRun": 6 * 1024 * 1024}
"""Bytes by type of invocation; https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""

Answer = tuple[int, dict[str, Any], str | bytes]


def invoke(self: LambdaResponse) -> Answer:
    """Invoke."""
    backend: Any = self.backend
    name = unquote(self.path.rsplit("/", 2)[-2])
    qualifier = self.querystring.get("Qualifier", [None])[0]
    function = LocalLambda.local(backend.get_function(name, qualifier))
    kind = self.headers.get("X-Amz-Invocation-Type") or "RequestResponse"
    payload = _payload(self.body, kind)
    version = {"X-Amz-Executed-Version": str(function.version)}
    if kind == "DryRun":
        return 204, {"status": 204}, ""
    if kind == "Event":
        event = current().invoker.submit(function, payload, _called(function, qualifier))
        return 202, {"status": 202, "x-amzn-RequestId": event.id}, ""
    outcome = execute(
        function,
        payload,
        arn=_called(function, qualifier),
        client_context=_context(self.headers.get("X-Amz-Client-Context")),
    )
    headers: dict[str, Any] = {"content-type": "application/json", "x-amzn-RequestId": outcome.request_id}
    if outcome.failed:
        headers["x-amz-function-error"] = "Unhandled"
    if self.headers.get("X-Amz-Log-Type") == "Tail":
        headers["x-amz-log-result"] = base64.b64encode(outcome.log_tail).decode()
    return 200, headers | version, outcome.payload


def invoke_async(_: LambdaResponse) -> Answer:
    """InvokeAsync, which AWS has deprecated."""
    raise NotImplementedError("The invoke_async action has not been implemented")


def enrich(headers: dict[str, Any], body: Any) -> tuple[dict[str, Any], Any]:
    """Moto's headers, but an invocation keeps its id."""
    own = headers.pop("x-amzn-RequestId", None)
    headers, body = BaseResponse._enrich_response(headers, body)  # noqa: SLF001  # see above
    return headers | ({"x-amzn-requestid": own} if own else {}), body


def _payload(body: Any, kind: str) -> bytes:
    payload: bytes = body if isinstance(body, bytes) else (body or "").encode()
    if kind not in MAX_PAYLOAD:
        raise InvalidParameterValueException(
            f"The invocation type {kind} is none of {', '.join(MAX_PAYLOAD)}."
        )
    if len(payload) > MAX_PAYLOAD[kind]:
        raise RequestTooLargeError(len(payload), MAX_PAYLOAD[kind])
    try:
        json.loads(payload or b"{}")
    except ValueError as error:
        raise InvalidRequestContentError(str(error)) from error
    return payload or b"{}"


def _called(function: LocalFunction, qualifier: str | None) -> str:
    """The ARN by which a function was called."""
    return f"{function.unqualified_arn}:{qualifier}" if qualifier else function.function_arn


def _context(header: str | None) -> str:
    return base64.b64decode(header).decode() if header else ""


def install() -> None:
    """Puts the operations into moto's response class; doing it again changes nothing."""
    responses: Any = LambdaResponse
    responses.invoke, responses.invoke_async = invoke, invoke_async
    responses._enrich_response = staticmethod(enrich)  # noqa: SLF001  # moto makes up an id of its own
