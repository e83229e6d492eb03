"""Feature groups: made when they are missing, extended when a definition has grown, otherwise left alone."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException
from typing_extensions import override

from include.sagemaker import FeatureGroup, FeatureGroupChangeError
from millrace.context import run_of
from millrace.descriptions import JobDescription
from millrace.errors import JobFailed
from millrace.jobs import FEATURE_GROUP
from millrace.launching import Launch
from millrace.operators.job import AwsJobOperator

POLL_SECONDS = 0.5
PATIENCE_SECONDS = 120.0
"""For an update or a deletion, which take AWS some seconds and are announced by no event."""


class FeatureGroupOperator(AwsJobOperator):
    """Sees to it that a feature group is there and has the features of its definition.

    ``build`` makes the definition from the run and ``arguments``, so that ``.expand(arguments=[...])`` makes
    several groups. What the group has not yet is added to it. A definition that AWS cannot turn the
    group into fails the task at once, with what to do. The result has ``feature_group``, ``arn``,
    ``offline_uri`` and ``table``.
    """

    ui_color = "#e6f0dc"

    def __init__(self, *, build: Callable[..., FeatureGroup], **kwargs: Any) -> None:
        super().__init__(kind=FEATURE_GROUP, build=build, **kwargs)

    @override
    def remote_name(self, context: Context, launch: Launch) -> str:
        return self.definition(context).group_name

    def definition(self, context: Context) -> FeatureGroup:
        """What the group should be."""
        definition: FeatureGroup = self.build(run_of(context), **self.arguments)
        return definition

    @override
    def describe(self, context: Context, launch: Launch) -> JobDescription | None:
        """The group's description, if it is as it should be, is on the way to something, or has failed."""
        definition = self.definition(context)
        description = self.hook.describe(definition.group_name)
        if description is None or not description.has_succeeded:
            return description
        return None if self.changes(definition, description.fields) else description

    @override
    def start(self, context: Context, launch: Launch) -> None:
        """Creates or extends the group; every call of it may be repeated."""
        run, definition = run_of(context), self.definition(context)
        self.request = definition.request(run)
        name = definition.group_name
        current = self.hook.describe(name)
        if current and not current.is_over:
            self.wait_until_settled(current)
        if current and not current.has_succeeded:
            self._delete(current)
            current = None
        if current is None:
            self.hook.start(name, {**self.request, "Tags": run.tags(self.task_id)})
            self.log.info("feature group %s: %d features", name, len(definition.features))
        elif changes := self.changes(definition, current.fields):
            self.request = {"FeatureGroupName": name, **changes}
            self._update(name, self.request)
            self.log.info("feature group %s: changed by %s", name, changes)

    @override
    def result(self, context: Context, launch: Launch, description: JobDescription) -> dict[str, Any]:
        return {**description.result, "description": self.description_uri(context, launch)}

    def changes(self, definition: FeatureGroup, fields: Mapping[str, Any]) -> dict[str, Any]:
        """What AWS has to change of a group.

        Raises:
            AirflowFailException: AWS cannot change it; another try would find the same.
        """
        try:
            return definition.changes(fields)
        except FeatureGroupChangeError as error:
            raise AirflowFailException(str(error)) from error

    def _delete(self, failed: JobDescription) -> None:
        """Takes away a group that was never made, so that its name is free."""
        self.log.warning("feature group %s has failed before (%s): deleting it", failed.name, failed.reason)
        self.hook.conn.delete_feature_group(FeatureGroupName=failed.name)
        self._settled(failed.name, lambda: self.hook.describe(failed.name) is None)

    def _update(self, name: str, request: Mapping[str, Any]) -> None:
        """Changes the group once what somebody else changes of it is done, and waits for the end."""
        self._settled(name, lambda: self._update_status(name)["Status"] != "InProgress")
        self.hook.conn.update_feature_group(**request)
        self._settled(name, lambda: self._update_status(name)["Status"] != "InProgress")
        if (status := self._update_status(name))["Status"] == "Failed":
            reason = status.get("FailureReason", "AWS gives no reason")
            raise JobFailed(f"feature group {name} could not be changed: {reason}")

    def _update_status(self, name: str) -> Mapping[str, str]:
        description = self.hook.describe(name)
        fields = description.fields if description else {}
        return fields.get("LastUpdateStatus") or {"Status": "Successful"}

    def _settled(self, name: str, is_settled: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not is_settled():
            if time.monotonic() > until:
                raise JobFailed(
                    f"feature group {name} has not settled in {PATIENCE_SECONDS:g} s: clear the task"
                )
            time.sleep(POLL_SECONDS)
