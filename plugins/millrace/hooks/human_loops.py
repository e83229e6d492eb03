"""Calls about human loops and what they need."""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from millrace.errors import JobFailed, code_of
from millrace.hooks.aws import AwsHook
from millrace.hooks.jobs import JobHook, is_one_of
from millrace.human_loops import AT_A_TIME, Batch, open_loops
from millrace.jobs import HUMAN_LOOP

FLOW_SECONDS = 120.0
"""How long a flow definition may take to be active; AWS sends no event of that."""
NOT_FOUND = "ResourceNotFound"
EXISTS = "ResourceInUse"

T = TypeVar("T")


def few_at_a_time(call: Callable[[str], T], names: Iterable[str]) -> list[T]:
    """What a call gives for each name, in their order.

    Raises:
        Exception: that of the first call that failed; those that are on their way are finished.
    """
    with ThreadPoolExecutor(max_workers=AT_A_TIME) as pool:
        return list(pool.map(call, names))


class HumanLoops(JobHook):
    """Starts, lists and stops the loops of a batch, a few at a time."""

    def __init__(self, aws_conn_id: str | None, region_name: str | None = None) -> None:
        super().__init__(HUMAN_LOOP, aws_conn_id, region_name)

    def statuses(self, batch: Batch) -> dict[str, str]:
        """Statuses of a batch's loops by name."""
        pages = self.conn.get_paginator("list_human_loops").paginate(**batch.listing())
        return {name: status for page in pages for name, status in batch.statuses(page)}

    def start_all(self, requests: Mapping[str, Mapping[str, Any]], given_up: Event) -> None:
        """Starts a loop for each name; those that are there already are left alone.

        Raises:
            botocore.exceptions.ClientError: AWS refuses one; no other is started after that.
        """

        def start(name: str) -> None:
            try:
                if not given_up.is_set():
                    self.start(name, requests[name])
            except BaseException:
                given_up.set()
                raise

        self._of_each(requests, start)

    def stop_all(self, names: Iterable[str]) -> None:
        """Asks AWS once to stop each loop that is not over by now."""

        def stop(name: str) -> None:
            try:
                self.conn.stop_human_loop(HumanLoopName=name)
            except ClientError as error:
                if not is_one_of(error, self.kind.cannot_stop):
                    raise

        self._of_each(names, stop)

    def stop_open(self, batch: Batch) -> None:
        """Stops every loop of a batch that people may still answer."""
        names = open_loops(self.statuses(batch))
        self.stop_all(names)
        self.log.info("%s: %d open loops were asked to stop", batch.name, len(names))

    def outputs(self, names: Iterable[str]) -> dict[str, str]:
        """Where the answers of loops are in S3, by name; a loop that was deleted is left out."""
        found = self._of_each(names, self.describe)
        return {each.name: each.result["output"] for each in found if each is not None}

    def _of_each(self, names: Iterable[str], call: Callable[[str], T]) -> list[T]:
        _ = self.conn  # The threads share it, so it is made before them.
        return few_at_a_time(call, names)


class ReviewFlows(AwsHook):
    """Makes sure of human task UIs and flow definitions, which are never changed once they are there."""

    def __init__(self, aws_conn_id: str | None, region_name: str | None = None) -> None:
        super().__init__("sagemaker", aws_conn_id, region_name)

    def ui(self, request: Mapping[str, Any]) -> str:
        """The ARN of a human task UI."""
        name = request["HumanTaskUiName"]
        found = self._find(
            lambda: self.conn.describe_human_task_ui(HumanTaskUiName=name),
            lambda: self.conn.create_human_task_ui(**request),
        )
        return str(found["HumanTaskUiArn"])

    def flow(self, request: Mapping[str, Any]) -> str:
        """The ARN of a flow definition that loops can be started for.

        Raises:
            JobFailed: AWS could not make it, or has not within two minutes.
        """
        name = request["FlowDefinitionName"]

        def describe() -> dict[str, Any]:
            found: dict[str, Any] = self.conn.describe_flow_definition(FlowDefinitionName=name)
            return found

        found = self._find(describe, lambda: self.conn.create_flow_definition(**request))
        until = time.monotonic() + FLOW_SECONDS
        while found["FlowDefinitionStatus"] == "Initializing" and time.monotonic() < until:
            time.sleep(1)
            found = describe()
        if (status := found["FlowDefinitionStatus"]) != "Active":
            reason = found.get("FailureReason", f"it is not active after {FLOW_SECONDS:.0f} seconds")
            raise JobFailed(f"flow definition {name} is {status}: {reason}", permanent=status == "Failed")
        return str(found["FlowDefinitionArn"])

    def _find(self, describe: Callable[[], dict[str, Any]], create: Callable[[], Any]) -> dict[str, Any]:
        try:
            return describe()
        except ClientError as error:
            if code_of(error) != NOT_FOUND:
                raise
        try:
            create()
        except ClientError as error:
            # Another task was faster.
            if code_of(error) != EXISTS:
                raise
        return describe()
