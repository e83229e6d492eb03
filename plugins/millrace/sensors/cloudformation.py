"""Waiting until a stack of CloudFormation is as it was asked for, or gone."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from airflow.sdk import Context, PokeReturnValue
from airflow.sdk.exceptions import AirflowFailException
from typing_extensions import override

from millrace.hooks.aws import AwsHook
from millrace.operators.cloudformation import described
from millrace.sensors.polling import PollingSensor

DONE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
WENT_BACK = "UPDATE_ROLLBACK_COMPLETE"
ASKED = "User Initiated"
"""Reason of the event with which making, changing or deleting a stack begins."""


def first_reason(client: Any, stack: str) -> str:
    """What failed first since something was asked for last."""
    failed = []
    pages = client.get_paginator("describe_stack_events").paginate(StackName=stack)
    for event in (each for page in pages for each in page["StackEvents"]):
        if event.get("ResourceStatusReason") == ASKED:
            break
        if event.get("ResourceStatus", "").endswith("_FAILED"):
            failed.append(f"{event.get('LogicalResourceId')}: {event.get('ResourceStatusReason')}")
    return failed[-1] if failed else "its events say no reason"


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
        raise AirflowFailException(f"{self.stack} is {status}: {first_reason(self.client, self.stack)}")

    @cached_property
    def client(self) -> Any:
        """boto3's client of CloudFormation."""
        return AwsHook("cloudformation", self.aws_conn_id, self.region_name).conn


class StackDeletionSensor(PollingSensor):
    """Waits until a stack is gone; what could not be taken away goes on to cost money, and fails the task.

    Args:
        stack: its name; templated.
    """

    template_fields: Sequence[str] = ("stack",)

    def __init__(self, *, stack: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stack = stack

    @override
    def poke(self, context: Context) -> bool:
        client = AwsHook("cloudformation", self.aws_conn_id, self.region_name).conn
        there = described(client, self.stack)
        self.log.info("%s is %s", self.stack, there["StackStatus"] if there else "gone")
        if there and there["StackStatus"] == "DELETE_FAILED":
            raise AirflowFailException(
                f"{self.stack} is DELETE_FAILED, and what is left of it costs money: "
                f"{first_reason(client, self.stack)}. Mend that, and clear the task that deletes it"
            )
        return there is None
