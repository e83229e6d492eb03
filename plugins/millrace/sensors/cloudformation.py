"""Waiting until a stack of CloudFormation is as it was asked for."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from airflow.sdk import Context, PokeReturnValue
from airflow.sdk.exceptions import AirflowFailException
from typing_extensions import override

from millrace.hooks.aws import AwsHook
from millrace.sensors.polling import PollingSensor

DONE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
WENT_BACK = "UPDATE_ROLLBACK_COMPLETE"


class StackSensor(PollingSensor):
    """Waits for a stack; the result are its outputs by name.

    Args:
        stack: its name; templated.
        changed: whether something was asked for; if not, a stack that once went back to its former state is
            as it should be. Templated.
    """

    template_fields: Sequence[str] = ("stack", "changed")

    def __init__(self, *, stack: Any, changed: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stack = stack
        self.changed = changed

    @override
    def poke(self, context: Context) -> PokeReturnValue:
        [found] = self.client.describe_stacks(StackName=self.stack)["Stacks"]
        status = found["StackStatus"]
        self.log.info("%s is %s", self.stack, status)
        if status in DONE or (status == WENT_BACK and not self.changed):
            outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
            return PokeReturnValue(is_done=True, xcom_value=outputs)
        if status.endswith("_IN_PROGRESS"):
            return PokeReturnValue(is_done=False)
        raise AirflowFailException(f"{self.stack} is {status}: {self._reason()}")

    def _reason(self) -> str:
        """What failed first, of the newest events."""
        events = self.client.describe_stack_events(StackName=self.stack)["StackEvents"]
        failed = [
            f"{each.get('LogicalResourceId')}: {each.get('ResourceStatusReason')}"
            for each in events
            if each.get("ResourceStatus", "").endswith("_FAILED")
        ]
        return failed[-1] if failed else "its events say no reason"

    @cached_property
    def client(self) -> Any:
        """boto3's client of CloudFormation."""
        return AwsHook("cloudformation", self.aws_conn_id, self.region_name).conn
