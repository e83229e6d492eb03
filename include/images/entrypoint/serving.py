"""``serve``: the HTTP server that SageMaker's endpoints talk to, around a model's four functions.

A script (``SAGEMAKER_PROGRAM``) may define ``model_fn``, ``input_fn``, ``predict_fn`` and ``output_fn``;
the image's own functions stand in for those it leaves out.
"""

import importlib.util
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from flask import Flask, Response, request

from . import paths, source

log = logging.getLogger("serve")

MAX_BODY = 25 * 1024 * 1024
"""Bytes of a request to an endpoint; a batch transform says itself how many megabytes it sends."""


class BadInputError(ValueError):
    """The caller's mistake, found at any step; the message is the answer."""


class UnsupportedTypeError(BadInputError):
    """A content type that the model does not read, or an accept type that it does not write."""


@dataclass(frozen=True)
class Functions:
    """What serves a model.

    Attributes:
        model_fn: folder of the model -> model.
        input_fn: body as bytes, content type -> data. A ValueError is the caller's mistake: 400, or 415
            for `UnsupportedTypeError`.
        predict_fn: data, model -> prediction.
        output_fn: prediction, accept type -> body (text or bytes), alone or with its content type.
    """

    model_fn: Callable[[str], Any]
    input_fn: Callable[[bytes, str], Any]
    predict_fn: Callable[[Any, Any], Any]
    output_fn: Callable[[Any, str], Any]


def functions(defaults: Functions | None) -> Functions:
    """The user's functions if a script is given, the image's otherwise. Raises `ValueError`."""
    script = user_script()
    own = vars(_load(script)) if script else {}
    chosen: dict[str, Any] = {}
    for name in Functions.__dataclass_fields__:
        chosen[name] = own.get(name) or getattr(defaults, name, None)
        if chosen[name] is None:
            raise ValueError(f"{name} is missing: define it in {script or 'an inference script'}.")
    return Functions(**chosen)


def user_script() -> Path | None:
    """The inference script, fetched if it is in S3; None without one."""
    name = os.environ.get("SAGEMAKER_PROGRAM")
    inside = paths.base() / "model" / "code"
    if not name:
        return inside / "inference.py" if (inside / "inference.py").is_file() else None
    location = os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    # The SDK names the code's folder inside the model when it was repacked.
    packed = not location or location.startswith("/opt/ml/model") or (inside / name).is_file()
    folder = inside if packed and inside.is_dir() else source.fetch(location, paths.base() / "code")
    if not (folder / name).is_file():
        there = ", ".join(sorted(p.name for p in folder.iterdir()))
        raise ValueError(
            f"SAGEMAKER_PROGRAM {name} is not in the source directory; it holds {there or 'nothing'}."
        )
    return folder / name


def _load(script: Path) -> ModuleType:
    sys.path.insert(0, str(script.parent))
    spec = importlib.util.spec_from_file_location(script.stem, script)
    if spec is None or spec.loader is None:
        raise ValueError(f"{script.name} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def application(serve: Functions) -> Flask:
    """The WSGI application. The model is loaded before it answers, so ``/ping`` means ready."""
    app = Flask("serve")
    app.config["MAX_CONTENT_LENGTH"] = max_body()
    model = serve.model_fn(str(paths.base() / "model"))

    @app.get("/ping")
    def ping() -> Response:
        return Response(status=200)

    @app.post("/invocations")
    def invocations() -> Response:
        accept = request.headers.get("Accept", "")
        accept = "" if accept in ("*/*", "") else accept.split(",")[0].split(";")[0].strip()
        body = request.get_data()
        try:
            return _predicted(serve, model, body, accept)
        except Exception:
            # The traceback may show data or paths: it goes to the log, not to the caller.
            log.exception("A prediction failed")
            return _sentence(500, "The model failed on this request; the log has the reason.")

    return app


def max_body() -> int:
    """Bytes that a request may have: at least `MAX_BODY`, more where a batch transform sends more."""
    return max(MAX_BODY, int(os.environ.get("SAGEMAKER_MAX_PAYLOAD_IN_MB", "0")) * 1024 * 1024)


def _predicted(serve: Functions, model: Any, body: bytes, accept: str) -> Response:
    """The prediction, or what is wrong with the request."""
    try:
        data = serve.input_fn(body, request.content_type or "")
    except UnsupportedTypeError as error:
        return _sentence(415, error)
    except ValueError as error:
        return _sentence(400, error)
    try:
        return _answer(serve.output_fn(serve.predict_fn(data, model), accept), accept)
    except UnsupportedTypeError as error:
        return _sentence(406, error)
    except BadInputError as error:
        return _sentence(400, error)


def _answer(output: Any, accept: str) -> Response:
    body, content_type = (
        output if isinstance(output, tuple) else (output, accept or "application/octet-stream")
    )
    if isinstance(body, bytearray | memoryview):
        body = bytes(body)
    return Response(body, content_type=content_type)


def _sentence(status: int, reason: object) -> Response:
    return Response(str(reason) + "\n", status=status, content_type="text/plain; charset=utf-8")


def main(defaults: Functions | None = None) -> int:
    """Loads the model and serves until SIGTERM; returns 1 with a reason if it cannot."""
    import waitress  # type: ignore[import-untyped,import-not-found,unused-ignore]  # noqa: PLC0415

    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(levelname)s %(message)s")
    # On AWS the endpoint's router comes from outside the container.
    host = os.environ.get("SAGEMAKER_BIND_TO_HOST", "0.0.0.0")  # noqa: S104
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    try:
        app = application(functions(defaults))
    except Exception as error:
        log.exception("The model could not be loaded")
        print(f"{type(error).__name__}: {error}", flush=True)
        return 1
    threads = int(os.environ.get("SAGEMAKER_MODEL_SERVER_WORKERS", "4"))
    waitress.serve(app, host=host, port=port, threads=threads, ident=None, clear_untrusted_proxy_headers=True)
    return 0
