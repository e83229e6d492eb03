"""Human loops: a moto backend."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import uuid4

from botocore.model import ServiceModel
from botocore.session import get_session
from moto.core.base_backend import BackendDict, BaseBackend
from moto.sagemaker.models import sagemaker_backends

from local.aws.constraints import broken
from local.aws.review.tasks import ReviewTask
from local.aws.services import review
from local.aws.services.a2i_runtime.exceptions import ConflictError, ResourceNotFoundError, ValidationError
from local.aws.services.a2i_runtime.records import ENDED, IN_PROGRESS, STOPPING, HumanLoop
from local.aws.services.sagemaker.human_review_records import FlowDefinition
from local.aws.services.sagemaker.listing import page
from local.aws.services.sagemaker.records import now

Request = Mapping[str, Any]
SOURCE = "a2i"
"""Whose review tasks these are."""
MAX_INPUT_BYTES = 100 * 1024
DEFAULT_LIFETIME = 864_000
DEFAULT_TIME_LIMIT = 3_600
"""Seconds: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HumanLoopConfig.html"""

_changes = threading.RLock()
"""One change of a loop at a time: a request may stop it while its last answer is being stored."""


class A2IBackend(BaseBackend):
    """The human loops of an account and region, by name."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.loops: dict[str, HumanLoop] = {}

    @property
    def _url_module(self) -> Any:
        from local.aws.services.a2i_runtime import urls  # noqa: PLC0415  (it imports this module)

        return urls

    def start_human_loop(self, request: Request) -> dict[str, Any]:
        """StartHumanLoop. The same request again, while the loop is in progress, is answered the same."""
        _check("StartHumanLoop", request)
        content = request["HumanLoopInput"]["InputContent"]
        input_ = _parsed(content)
        flow = self._flow(request["FlowDefinitionArn"])
        with _changes:
            if existing := self.loops.get(request["HumanLoopName"]):
                return {"HumanLoopArn": _same(existing, flow.arn, content).arn}
            loop = self._new_loop(request["HumanLoopName"], flow, content)
            review.tasks().add(_task(loop, flow, input_), SOURCE)
            self.loops[loop.name] = loop
        return {"HumanLoopArn": loop.arn}

    def describe_human_loop(self, request: Request) -> dict[str, Any]:
        """DescribeHumanLoop."""
        _check("DescribeHumanLoop", request)
        return self._loop(request["HumanLoopName"]).description()

    def list_human_loops(self, request: Request) -> dict[str, Any]:
        """ListHumanLoops; newest first by default."""
        _check("ListHumanLoops", request)
        found = [
            i for i in list(self.loops.values()) if i.flow_definition_arn == request["FlowDefinitionArn"]
        ]
        if after := request.get("CreationTimeAfter"):
            found = [loop for loop in found if loop.creation_time.timestamp() > after.timestamp()]
        if before := request.get("CreationTimeBefore"):
            found = [loop for loop in found if loop.creation_time.timestamp() < before.timestamp()]
        newest_first = request.get("SortOrder", "Descending") == "Descending"
        chosen, token = page(sorted(found, key=_age, reverse=newest_first), request)
        summaries = [loop.summary() for loop in chosen]
        return {"HumanLoopSummaries": summaries} | ({"NextToken": token} if token else {})

    def stop_human_loop(self, request: Request) -> dict[str, Any]:
        """StopHumanLoop: reviewers lose the task at once, `Stopped` follows."""
        _check("StopHumanLoop", request)
        with _changes:
            loop = self._loop(request["HumanLoopName"])
            if loop.status in ENDED:
                raise ValidationError(
                    f"Human loop {loop.name} is {loop.status}: only one in progress can be stopped."
                )
            self.loops[loop.name] = replace(loop, status=STOPPING)
            review.tasks().cancel(loop.task_id)
        return {}

    def delete_human_loop(self, request: Request) -> dict[str, Any]:
        """DeleteHumanLoop: only one that has ended. Its output stays."""
        _check("DeleteHumanLoop", request)
        with _changes:
            loop = self._loop(request["HumanLoopName"])
            if loop.status not in ENDED:
                raise ValidationError(f"Human loop {loop.name} is {loop.status}: stop it before deleting it.")
            del self.loops[loop.name]
        return {}

    def in_progress(self, flow_definition_arn: str) -> list[str]:
        """Names of the loops of a flow definition that have not ended."""
        loops = list(self.loops.values())
        return [
            i.name for i in loops if i.flow_definition_arn == flow_definition_arn and i.status not in ENDED
        ]

    def change(self, name: str, change: Callable[[HumanLoop], HumanLoop]) -> HumanLoop:
        """Replaces a loop by what `change` makes of it, and returns that."""
        with _changes:
            self.loops[name] = change(self.loops[name])
            return self.loops[name]

    def _loop(self, name: str) -> HumanLoop:
        if name not in self.loops:
            raise ResourceNotFoundError(f"There is no human loop {name!r} in {self.region_name}.")
        return self.loops[name]

    def _flow(self, arn: str) -> FlowDefinition:
        backend: Any = sagemaker_backends[self.account_id][self.region_name]
        found: FlowDefinition | None = backend.human_review.flow_definitions.get(arn.rpartition("/")[2])
        if found is None or found.arn != arn:
            raise ValidationError(f"The specified flow definition {arn} does not exist.")
        if (status := found.description["FlowDefinitionStatus"]) != "Active":
            raise ValidationError(f"Flow definition {arn} is {status}: wait until it is Active.")
        return found

    def _new_loop(self, name: str, flow: FlowDefinition, content: str) -> HumanLoop:
        backend: Any = sagemaker_backends[self.account_id][self.region_name]
        team = flow.description["HumanLoopConfig"]["WorkteamArn"]
        workteams = backend.human_review.workteams.values()
        return HumanLoop(
            name=name,
            arn=f"arn:{self.partition}:sagemaker:{self.region_name}:{self.account_id}:human-loop/{name}",
            flow_definition_arn=flow.arn,
            content=content,
            output_config=flow.description["OutputConfig"],
            workteam=next((t.description for t in workteams if t.arn == team), {"WorkteamArn": team}),
            creation_time=now(),
            task_id=uuid4().hex,
        )


a2i_backends = BackendDict(A2IBackend, "sagemaker")
"""In the regions of SageMaker: botocore knows none of A2I's."""


def _task(loop: HumanLoop, flow: FlowDefinition, input_: dict[str, Any]) -> ReviewTask:
    config = flow.description["HumanLoopConfig"]
    lifetime = timedelta(seconds=config.get("TaskAvailabilityLifetimeInSeconds", DEFAULT_LIFETIME))
    return ReviewTask(
        id=loop.task_id,
        team=config["WorkteamArn"],
        title=config["TaskTitle"],
        description=config["TaskDescription"],
        template=flow.template,
        input=input_,
        answers_wanted=config["TaskCount"],
        time_limit_seconds=config.get("TaskTimeLimitInSeconds", DEFAULT_TIME_LIMIT),
        expires_at=loop.creation_time + lifetime,
        reference=loop.arn,
    )


def _same(loop: HumanLoop, flow_arn: str, content: str) -> HumanLoop:
    if loop.status == IN_PROGRESS and (loop.flow_definition_arn, loop.content) == (flow_arn, content):
        return loop
    raise ConflictError(
        f"There is a human loop {loop.name} already, its status is {loop.status}: choose another name."
    )


def _parsed(content: str) -> dict[str, Any]:
    size = len(content.encode(errors="surrogatepass"))
    if size > MAX_INPUT_BYTES:
        raise ValidationError(f"InputContent has {size} bytes; the limit is {MAX_INPUT_BYTES}: send less.")
    try:
        parsed = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ValidationError(f"InputContent is not valid JSON: {error}.") from error
    if not isinstance(parsed, dict):
        raise ValidationError("InputContent has to be a JSON object: the template reads its members.")
    return parsed


def _refuse_constant(name: str) -> None:
    """Python reads NaN and Infinity; JSON has neither."""
    raise ValueError(f"{name} is no JSON")


@cache
def _model() -> ServiceModel:
    return get_session().get_service_model("sagemaker-a2i-runtime")


def _check(operation: str, request: Request) -> None:
    if message := broken(_model().operation_model(operation), request):
        raise ValidationError(message)


def _age(loop: HumanLoop) -> tuple[Any, str]:
    return loop.creation_time, loop.name
