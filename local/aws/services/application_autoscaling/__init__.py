"""Application autoscaling that acts: the instance counts of endpoints follow their invocations.

Variants of endpoints (``sagemaker:variant:DesiredInstanceCount``) must be there, are kept within their
bounds, and follow target tracking on ``SageMakerVariantInvocationsPerInstance``. Other policies, other
metrics and scheduled actions are only recorded, as moto records every other kind of target.
``MILLRACE_AUTOSCALING_MINUTE`` makes a minute shorter, and with it how soon an alarm goes off and how long a
cooldown lasts.
"""

import logging
import threading
from typing import TYPE_CHECKING

from moto.applicationautoscaling.models import applicationautoscaling_backends

from local.aws.services.application_autoscaling import responses
from local.aws.services.application_autoscaling.backend import LocalApplicationAutoscaling
from local.aws.services.sagemaker.invocations import invocations

if TYPE_CHECKING:
    from local.aws.server import LocalAws

log = logging.getLogger(__name__)

_aws: "LocalAws | None" = None
_timer: threading.Thread | None = None


def install(aws: "LocalAws") -> None:
    """Puts the backend in place."""
    global _aws  # noqa: PLW0603
    _aws = aws
    applicationautoscaling_backends.backend = LocalApplicationAutoscaling
    responses.install()


def recover() -> None:
    """After a restart: begins to look at the targets, once a minute."""
    global _timer  # noqa: PLW0603
    for backend in _backends():
        backend.watch_anew()
    _timer = threading.Thread(target=_look, args=(_aws,), name="autoscaling", daemon=True)
    _timer.start()


def stop() -> None:
    """Waits for the look that is under way; the server has said already that it stops."""
    if _timer:
        _timer.join(5)


def _look(aws: "LocalAws") -> None:
    while not aws.stopping.wait(invocations().minute):
        for backend in _backends():
            _evaluate(backend)


def _backends() -> list[LocalApplicationAutoscaling]:
    found = [each for regions in applicationautoscaling_backends.values() for each in regions.values()]
    return [each for each in found if isinstance(each, LocalApplicationAutoscaling)]


def _evaluate(backend: LocalApplicationAutoscaling) -> None:
    try:
        backend.evaluate()
    except Exception:
        log.exception("The scalable targets of %s could not be looked at", backend.region_name)
