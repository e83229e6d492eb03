"""EventBridge Scheduler as a moto backend whose schedules are carried out."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from moto.iam.models import iam_backends
from moto.scheduler import urls
from moto.scheduler.exceptions import ScheduleGroupNotFound, ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule
from moto.utilities.utils import get_partition
from typing_extensions import override

from local.aws.services.scheduler import requests
from local.aws.services.scheduler.clock import Timer
from local.aws.services.scheduler.expressions import At, ExpressionError, parse
from local.aws.services.scheduler.invocations import COMPLETED, Invoker, expression, moment


class LocalScheduler(EventBridgeSchedulerBackend):
    """Schedules that are checked when they are made, and have timers."""

    invoker: ClassVar[Invoker]

    @override
    def create_schedule(  # type: ignore[override]  # by keywords, as moto calls it
        self, *, group_name: str | None, action_after_completion: str | None, **options: Any
    ) -> Schedule:
        if (group_name or "default") not in self.schedule_groups:
            raise ScheduleGroupNotFound(group_name or "default")
        self._check(options)
        return super().create_schedule(
            group_name=group_name or "default",
            action_after_completion=action_after_completion or "NONE",
            **options,
        )

    @override
    def update_schedule(self, **options: Any) -> Schedule:  # type: ignore[override]  # as above
        self._check(options)
        changed = super().update_schedule(**options)
        changed.state = changed.state or "ENABLED"
        changed.last_modified_date = datetime.now(UTC).timestamp()
        vars(changed).pop(COMPLETED, None)
        return changed

    def _check(self, options: dict[str, Any]) -> None:
        text, zone = options["schedule_expression"], options["schedule_expression_timezone"] or "UTC"
        try:
            parse(text, ZoneInfo(zone), datetime.now(UTC))
            requests.check(options["target"])
        except (ZoneInfoNotFoundError, ValueError) as error:
            known = isinstance(error, ExpressionError | requests.TargetError)
            said = str(error) if known else f"{zone} is no time zone"
            raise ValidationException(f"Invalid Schedule: {said}") from error
        role = options["target"]["RoleArn"]
        roles = iam_backends[self.account_id][get_partition(self.region_name)].roles.values()
        trusts = [str(known.assume_role_policy_document) for known in roles if known.arn == role]
        if not any("scheduler.amazonaws.com" in trust for trust in trusts):
            raise ValidationException(
                "The execution role you provide must allow AWS EventBridge Scheduler to assume the role:"
                f" {role} does not exist, or does not let scheduler.amazonaws.com assume it."
            )

    def timers(self) -> Iterable[Timer]:
        """Of all schedules that are enabled and not completed."""
        for group in list(self.schedule_groups.values()):
            for schedule in list(group.schedules.values()):
                if schedule.state == "ENABLED" and not vars(schedule).get(COMPLETED):
                    yield self._timer(schedule)

    def _timer(self, schedule: Schedule) -> Timer:
        once = isinstance(found := expression(schedule), At)
        age = schedule.target["RetryPolicy"].get("MaximumEventAgeInSeconds", 86_400)
        changed = datetime.fromtimestamp(schedule.last_modified_date, UTC)
        if once:  # AWS is as precise as a minute: "now" is not past
            changed = changed.replace(second=0, microsecond=0)
        return Timer(
            (schedule.arn, schedule.last_modified_date),
            found,
            max(changed, moment(schedule.start_date) or changed),
            partial(self.invoker.invoke, self, schedule),
            until=moment(schedule.end_date),
            late=timedelta(seconds=age) if once else timedelta(),
        )

    @property
    def _url_module(self) -> Any:
        # moto derives the module from the class's own module, which is not where the URLs are.
        return urls
