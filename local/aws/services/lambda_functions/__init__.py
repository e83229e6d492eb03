"""Lambda that executes: Python functions in processes, by AWS's own Runtime Interface Client.

A process serves one invocation after the other, as an execution environment does on AWS. What the function
imports comes from its package, from the ``requirements.txt`` in it, and from the runtime, which has boto3.

Settings of the server's own environment:

``MILLRACE_FUNCTIONS_AT_A_TIME``
    Processes of all functions, busy or warm. 8 by default; an invocation beyond waits for one of them.
``MILLRACE_LAMBDA_MINUTE``
    Seconds that a minute takes between the attempts of an asynchronous invocation. 60 by default.
"""

import os
import shutil
from typing import TYPE_CHECKING

from moto.awslambda import models
from moto.awslambda.models import lambda_backends

from local.aws.runtime.engine import ENGINES
from local.aws.runtime.images import ImageStore
from local.aws.services.lambda_functions import context, operations
from local.aws.services.lambda_functions.asynchronous import AsynchronousInvoker
from local.aws.services.lambda_functions.backend import LocalLambda
from local.aws.services.lambda_functions.code import CodeStore
from local.aws.services.lambda_functions.function import LocalFunction
from local.aws.services.lambda_functions.pool import Pool
from local.aws.services.lambda_functions.sources import Sources

if TYPE_CHECKING:
    from local.aws.server import LocalAws


def install(aws: "LocalAws") -> None:
    """Puts the backend in place."""
    places = int(os.environ.get("MILLRACE_FUNCTIONS_AT_A_TIME", "8"))
    made = context.Context(
        aws,
        ImageStore(aws.images, ENGINES),
        CodeStore(aws.home / "lambda" / "code"),
        float(os.environ.get("MILLRACE_LAMBDA_MINUTE", "60")),
    )
    made.pool, made.invoker, made.sources = Pool(places), AsynchronousInvoker(places), Sources()
    context.current.set(made)
    shutil.rmtree(made.scratch, ignore_errors=True)  # of a process that was killed
    lambda_backends.backend = LocalLambda
    # moto has no factory for functions: its backend makes them by this name.
    models.LambdaFunction = LocalFunction  # type: ignore[misc]
    operations.install()


def recover() -> None:
    """Reads event sources on, and handles the events that were queued when the last process ended."""
    running = context.current()
    running.code.sweep({function.code_digest for function in every()})
    running.pool.start()
    running.invoker.start()
    running.sources.start()


def stop() -> None:
    """Ends every process; what they were doing is done again after the next start."""
    running = context.current()
    running.sources.close()
    running.invoker.close()
    running.pool.close()


def every() -> list[LocalFunction]:
    """All functions of all regions, and their versions."""
    groups = [
        group
        for _, _, backend in lambda_backends.iter_backends()
        for group in list(backend._lambdas._functions.values())  # type: ignore[attr-defined]  # noqa: SLF001
    ]
    found = [function for group in groups for function in (group["latest"], *group["versions"])]
    return [function for function in found if isinstance(function, LocalFunction)]
