"""Waiting until nobody asks an endpoint any more."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException
from typing_extensions import override

from include.endpoints import VARIANT
from include.idle import invocations, invocations_request
from include.run import Run
from millrace.context import run_of
from millrace.hooks.aws import AwsHook
from millrace.hooks.jobs import JobHook
from millrace.jobs import ENDPOINT
from millrace.operators.endpoint import delete_endpoint
from millrace.sensors.polling import PollingSensor

LONGEST = timedelta(hours=6)
INTERVAL = timedelta(seconds=30)
"""A request is told by the minute."""


class IdleEndpointSensor(PollingSensor):
    """Waits until the pipeline's endpoint has not been asked for a while, and deletes it; models stay.

    One that is asked for six hours, or another ``timeout``, stays up, and the task is skipped.

    Args:
        minutes: without a request, of the run; None keeps the endpoint.
    """

    def __init__(self, *, minutes: Callable[[Run], int | None], **kwargs: Any) -> None:
        super().__init__(
            **{"soft_fail": True, "timeout": LONGEST.total_seconds(), "interval": INTERVAL, **kwargs}
        )
        self.minutes = minutes

    @override
    def poke(self, context: Context) -> bool:
        run = run_of(context)
        minutes = self.minutes(run)
        if minutes is None:
            raise AirflowSkipException(f"{run.resource_name} stays up, as the run's form says")
        endpoint = JobHook(ENDPOINT, self.aws_conn_id, self.region_name).describe(run.resource_name)
        if endpoint is None:
            self.log.info("%s is not there", run.resource_name)
            return True
        now = datetime.now(UTC)
        if not endpoint.is_over or now - endpoint.fields["LastModifiedTime"] < timedelta(minutes=minutes):
            self.log.info("%s has changed in the last %d minutes", endpoint.name, minutes)
            return False
        request = invocations_request(endpoint.name, VARIANT, minutes, now)
        if count := invocations(self.cloudwatch.get_metric_data(**request)):
            self.log.info("%s was asked %d times in the last %d minutes", endpoint.name, count, minutes)
            return False
        delete_endpoint(endpoint.name, self.aws_conn_id, self.region_name)
        self.log.info("%s was not asked for %d minutes: deleted", endpoint.name, minutes)
        return True

    @cached_property
    def cloudwatch(self) -> Any:
        """boto3's client of CloudWatch."""
        return AwsHook("cloudwatch", self.aws_conn_id, self.region_name).conn
