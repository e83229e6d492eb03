"""CloudWatch: metrics of the last three hours, and alarms that go off; moto keeps dashboards and put data.

Services record what they do (`local.aws.metrics`); what can be measured at any time is, once a minute and
whenever somebody asks. So are alarms evaluated, and whoever is to be told of a change is told then.
"""

import logging
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from moto.cloudwatch.models import MetricDatum, cloudwatch_backends
from moto.core.common_models import CloudWatchMetricProvider
from typing_extensions import override

from local.aws import metrics
from local.aws.services.cloudwatch import alarms, operations
from local.aws.services.cloudwatch.gauges import Gauges, gauges

if TYPE_CHECKING:
    from local.aws.server import LocalAws

log = logging.getLogger(__name__)

_aws: "LocalAws | None" = None
_timer: threading.Thread | None = None


class Newest(CloudWatchMetricProvider):
    """What ListMetrics names beside put data: moto asks every subclass of its provider."""

    @staticmethod
    @override
    def get_cloudwatch_metrics(account_id: str, region: str) -> list[MetricDatum]:
        del account_id
        recorded = metrics.metrics()
        return [
            MetricDatum(
                metric.namespace,
                metric.name,
                value,
                [{"Name": name, "Value": of} for name, of in metric.dimensions],
                # Moto compares times without a zone.
                datetime.fromtimestamp(number * metrics.SECONDS, UTC).replace(tzinfo=None),
                recorded.unit(metric),
            )
            for metric, number, value in recorded.newest()
            if metric.region == region
        ]


def install(aws: "LocalAws") -> None:
    """Begins to record anew, and puts the operations in place."""
    global _aws  # noqa: PLW0603
    _aws = aws
    metrics.restart()
    gauges.set(Gauges(aws.account_id))
    alarms.running.set(aws)
    operations.install()


def recover() -> None:
    """Begins to measure, once a minute."""
    global _timer  # noqa: PLW0603
    _timer = threading.Thread(target=_look, args=(_aws,), name="metrics", daemon=True)
    _timer.start()


def stop() -> None:
    """Waits for the look that is under way; the server has said already that it stops."""
    if _timer:
        _timer.join(5)


def _look(aws: "LocalAws") -> None:
    # A little after a minute has begun, so that each is measured once.
    while not aws.stopping.wait(metrics.SECONDS - time.time() % metrics.SECONDS + 0.1):
        try:
            look(aws.account_id)
        except Exception:
            log.exception("The metrics could not be measured")


def look(account: str) -> None:
    """Measures what can be measured at any time, and brings every alarm to its state."""
    gauges().measure(time.time())
    metrics.metrics().sweep()
    for backend in list(dict(cloudwatch_backends[account]).values()):
        alarms.evaluate(backend)
