"""Invokes the targets of schedules, again if they fail."""

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from botocore.exceptions import BotoCoreError, ClientError
from moto.scheduler.models import Schedule
from moto.utilities.arns import parse_arn

from local.aws.clients import Clients
from local.aws.services.scheduler.clock import Clock
from local.aws.services.scheduler.expressions import At, Expression, parse
from local.aws.services.scheduler.requests import Occasion, request

if TYPE_CHECKING:
    from local.aws.services.scheduler.backend import LocalScheduler

log = logging.getLogger(__name__)

LONGEST_PAUSE = 60.0
COMPLETED = "completed"
"""An attribute of schedules that have nothing to do any more, which moto has no place for."""


class Invoker:
    """Calls targets through the API, as the schedule's role would.

    Args:
        clients: of all services.
        clock: repeats a call that failed.
    """

    def __init__(self, clients: Clients, clock: Clock) -> None:
        self._clients, self._clock = clients, clock

    def invoke(self, backend: "LocalScheduler", schedule: Schedule, time: datetime) -> None:
        """Carries out a schedule at one of its times."""
        self._attempt(backend, schedule, Occasion(schedule.arn, time, str(uuid4()), 1))

    def _attempt(self, backend: "LocalScheduler", schedule: Schedule, occasion: Occasion) -> None:
        try:
            self._call(schedule, occasion)
        except (ClientError, BotoCoreError) as error:
            log.warning("%s could not be carried out: %s", schedule.arn, error)
            if exhausted := _exhausted(schedule, occasion):
                self._bury(schedule, occasion, error, exhausted)
            else:
                again = Occasion(
                    occasion.schedule_arn, occasion.time, occasion.execution, occasion.attempt + 1
                )
                pause = min(2.0**occasion.attempt, LONGEST_PAUSE)
                self._clock.later(pause, lambda: self._attempt(backend, schedule, again))
                return
        self._complete(backend, schedule)

    def _call(self, schedule: Schedule, occasion: Occasion) -> None:
        made = request(schedule.target, occasion, self._clients.aws.endpoint_url)
        region = parse_arn(schedule.arn).region
        client = self._clients.of(made.service, region)
        getattr(client, made.method)(**made.arguments)

    def _complete(self, backend: "LocalScheduler", schedule: Schedule) -> None:
        """A schedule that happens once is done."""
        found = expression(schedule)
        end = moment(schedule.end_date)
        left = None if isinstance(found, At) else found.next(datetime.now(UTC))
        if left and not (end and left > end):
            return
        with self._clients.aws.changing():
            group = backend.schedule_groups.get(schedule.group_name)
            if schedule.action_after_completion != "DELETE":
                vars(schedule)[COMPLETED] = True
            elif group and group.schedules.get(schedule.name) is schedule:
                group.delete_schedule(schedule.name)

    def _bury(self, schedule: Schedule, occasion: Occasion, error: Exception, exhausted: str) -> None:
        """Puts an invocation that came to nothing into the dead-letter queue, if there is one."""
        arn = (schedule.target.get("DeadLetterConfig") or {}).get("Arn")
        if not arn:
            return
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        told = {
            "ERROR_CODE": code,
            "ERROR_MESSAGE": str(error)[:1000],
            "EXECUTION_ID": occasion.execution,
            "EXHAUSTED_RETRY_CONDITION": exhausted,
            "RETRY_ATTEMPTS": str(occasion.attempt - 1),
            "SCHEDULED_TIME": f"{occasion.time:%Y-%m-%dT%H:%M:%SZ}",
            "SCHEDULE_ARN": schedule.arn,
            "TARGET_ARN": schedule.target["Arn"],
        }
        queue = parse_arn(arn)
        client: Any = self._clients.of("sqs", queue.region)
        try:
            client.send_message(
                QueueUrl=f"{self._clients.aws.endpoint_url}/{queue.account}/{queue.resource_id}",
                MessageBody=schedule.target.get("Input") or "{}",
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in told.items()
                },
            )
        except (ClientError, BotoCoreError):  # the end of the line
            log.exception("The dead-letter queue %s took nothing of %s", arn, schedule.arn)


def _exhausted(schedule: Schedule, occasion: Occasion) -> str:
    """Why there is no further attempt; empty if there is one."""
    policy = schedule.target["RetryPolicy"]
    if occasion.attempt > policy.get("MaximumRetryAttempts", 185):
        return "MaximumRetryAttempts"
    age = (datetime.now(UTC) - occasion.time).total_seconds()
    return "MaximumEventAgeInSeconds" if age > policy.get("MaximumEventAgeInSeconds", 86_400) else ""


def expression(schedule: Schedule) -> Expression:
    """When a schedule is to be carried out. A rate begins at its start date, or when it was made."""
    since = moment(schedule.start_date) or datetime.fromtimestamp(schedule.creation_date, UTC)
    return parse(schedule.schedule_expression, ZoneInfo(schedule.schedule_expression_timezone), since)


def moment(given: Any) -> datetime | None:
    """A start or end date, which moto keeps as seconds since 1970."""
    return datetime.fromtimestamp(float(given), UTC) if given else None
