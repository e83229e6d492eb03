"""Runs a function once: finds it an environment, and starts one where none is warm."""

import threading
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

from local.aws.metrics import metrics
from local.aws.runtime.images import Image, ImageBuildFailed
from local.aws.runtime.logs import LogStream
from local.aws.services.lambda_functions.code import UnusablePackageError
from local.aws.services.lambda_functions.context import Context, current
from local.aws.services.lambda_functions.environment import (
    ExecutionEnvironment,
    Launch,
    Outcome,
    error_payload,
)
from local.aws.services.lambda_functions.errors import ThrottledError
from local.aws.services.lambda_functions.function import LocalFunction
from local.aws.services.lambda_functions.runtime_api import Invocation

RUNTIME = "python_function"
"""The engine that is AWS's ``/var/runtime``."""
_acting: dict[str, Context] = {}
_lock = threading.Lock()


def execute(
    function: LocalFunction,
    payload: bytes,
    *,
    request_id: str = "",
    arn: str = "",
    client_context: str = "",
) -> Outcome:
    """The outcome of one invocation, which a failed function also has.

    Args:
        function: or a version of it.
        payload: JSON.
        request_id: made up if it is empty.
        arn: by which it was called.
        client_context: JSON.

    Raises:
        ThrottledError: its concurrency is in use.
    """
    pool = current().pool
    figures = pool.figures[function.unqualified_arn]
    invocation = Invocation(
        request_id or str(uuid4()),
        payload,
        arn or function.function_arn,
        float(function.timeout),
        client_context,
    )
    place = (function.unqualified_arn, str(function.version), function.edition, function.reserved)
    record = metrics().of(function.region, "AWS/Lambda", FunctionName=function.function_name)
    try:
        with pool.lend(*place, lambda: _start(function)) as environment:
            outcome = environment.invoke(invocation)
    except ThrottledError:
        record("Throttles", 1, "Count")
        raise
    except (ImageBuildFailed, UnusablePackageError) as error:
        outcome = Outcome(error_payload("Runtime.InstallError", str(error)), failed=True)
    figures.invocations += 1
    figures.errors += outcome.failed
    figures.seconds += outcome.seconds
    record("Invocations", 1, "Count")
    record("Errors", outcome.failed, "Count")
    record("Throttles", 0, "Count")
    record("Duration", 1000 * outcome.seconds, "Milliseconds")
    return outcome


def _start(function: LocalFunction) -> ExecutionEnvironment:
    context = _acting_for(function.unqualified_arn)
    number = uuid4().hex
    name = f"{datetime.now(UTC):%Y/%m/%d}/[{function.version}]{number}"
    stream = LogStream(context.logs(function.region), function.log_group, name)
    try:
        return ExecutionEnvironment(_launch(function, context, stream, number), stream)
    except BaseException as error:
        stream.write(str(error))
        stream.close()
        raise


def _launch(function: LocalFunction, context: Context, stream: LogStream, number: str) -> Launch:
    runtime = context.engines.resolve(RUNTIME)
    runtime_environment = context.engines.ensure(runtime, stream.write)
    code = context.code.unpacked(function.code_digest)
    # The package brings what it needs, here as a list: on AWS it is built from the same list.
    own = Image(function.function_name, code)
    python = context.engines.ensure(own, stream.write) if own.requirements.is_file() else runtime_environment
    return Launch(
        function=function.function_name,
        version=str(function.version),
        python=python / "bin" / "python",
        arguments=(str(runtime.folder / "bootstrap.py"), str(function.handler)),
        code=code,
        root=context.scratch / number,
        variables={**function.environment_vars, **_platform(function, stream.stream, context)}
        | {"LAMBDA_TASK_ROOT": str(code), "LAMBDA_RUNTIME_DIR": str(_packages(runtime_environment))},
        memory=int(function.memory_size),
    )


def _acting_for(arn: str) -> Context:
    """Clients that sign for the function."""
    context = current()
    with _lock:
        found = _acting.get(arn)
        if found is None or found.aws is not context.aws:
            found = _acting[arn] = context.acting_for(arn)
        return found


def _platform(function: LocalFunction, stream: str, context: Context) -> dict[str, str]:
    """See https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html for what they say."""
    return context.container_environment(function.region) | {
        "_HANDLER": str(function.handler),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
    }


@lru_cache(maxsize=8)
def _packages(environment: Path) -> Path:
    """The packages of a virtual environment."""
    return next((environment / "lib").glob("python3*")) / "site-packages"
