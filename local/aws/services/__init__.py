"""The services that this server adds to moto, or whose moto backend it changes.

A service is a package or module with up to four functions, found by name:

``install(aws: LocalAws) -> None`` (required)
    Called once per start, before the saved state is loaded and before the first request. Puts
    the service's backend in place (``sagemaker_backends.backend = LocalSageMaker``). It is
    called again when another ``LocalAws`` starts in the same process, so it must be idempotent.
``loaded() -> None``
    Called after the state was loaded, before the first request and before anything is saved: what
    ``aws.kept()`` has and the snapshot has not is put in place.
``recover() -> None``
    Called after the state was loaded and while requests are already served: what was running
    when the last process ended is marked as failed, endpoints are started again.
``stop() -> None``
    Called at shutdown, before the last snapshot: end child processes and threads here. The HTTP
    server still answers while ``stop`` runs.

What a service may use of ``LocalAws``:

``aws.endpoint_url``, ``aws.home``, ``aws.images``, ``aws.account_id``
    Known when ``install`` is called (the port is bound first).
``aws.put_event(source, detail_type, detail, resources=(), region=...) -> str``
    Publishes to the default event bus in this process; returns the event's id.
``aws.changed()``
    The state changed outside of a request (a job's thread): write a snapshot soon. Requests that
    change something do this on their own.
``aws.changing()``
    A context manager for such a change: no snapshot is taken inside it. Keep it short, and do not
    call the server over HTTP inside it. It calls ``changed()`` at its end.
``aws.keep(entry, apply)``, ``aws.kept()``
    For a change that has to outlive a killed server from the moment of the answer: a line of JSON on
    disk until a snapshot has it.
``aws.has_saved(moment)``
    Whether the snapshot has what had changed at a moment of ``time.monotonic()``: a service that keeps
    data of its own on disk asks this before it forgets what it has handed over to another service.

State: everything reachable from a backend is pickled, so keep ``aws`` and caches in a module or
class attribute. Locks are made anew after a restart; threads, sockets and child processes come
back as ``None``. Classes are found by import path.
"""

import importlib
from collections.abc import Callable
from types import ModuleType

SERVICES = (
    "s3",
    "sqs",
    "sns",
    "secretsmanager",
    "events",
    "cloudformation",
    "sagemaker",
    "emr_containers",
    "eks",
    "fsx",
    "feature_store",
    "kinesis",
    "firehose",
    "cloudwatch",
    "scheduler",
    "application_autoscaling",
    "transcribe",
    "glue",
    "redshift",
    "polly",
    "lambda_functions",
    "review",
    "a2i_runtime",
)
"""In order of installation; stopped in reverse. ``sagemaker`` brings ``sagemaker_runtime``."""


def load() -> list[ModuleType]:
    """Imports every service of :data:`SERVICES`."""
    return [importlib.import_module(f"{__name__}.{name}") for name in SERVICES]


def hook(service: ModuleType, name: str) -> Callable[[], None] | None:
    """The optional function ``name`` of a service."""
    function: Callable[[], None] | None = getattr(service, name, None)
    return function
