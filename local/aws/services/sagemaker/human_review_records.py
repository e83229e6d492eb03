"""What human review keeps in SageMaker's backend, and what its list operations share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from moto.sagemaker.models import SageMakerModelBackend

from local.aws.services.sagemaker.hosting import Described
from local.aws.services.sagemaker.listing import page, select
from local.aws.services.sagemaker.records import now

Request = Mapping[str, Any]
INITIALIZING = timedelta(seconds=0.5)
"""A workflow is made in no time here; a caller that does not wait for it would fail on AWS."""


class TaskUi(Described):
    """A worker page: its template is kept beside its description, which has the template's digest only."""

    def __init__(self, arn: str, description: dict[str, Any], tags: list[dict[str, str]], template: str):
        super().__init__(arn, description, tags)
        self.template = template


class FlowDefinition(Described):
    """A review workflow. It keeps the template of its page, which may be deleted before it."""

    def __init__(self, arn: str, description: dict[str, Any], tags: list[dict[str, str]], template: str):
        super().__init__(arn, description, tags)
        self.template = template

    @property
    def description(self) -> dict[str, Any]:
        """The answer of DescribeFlowDefinition."""
        created: datetime = self._settled["CreationTime"]
        status = "Active" if now() - created >= INITIALIZING else "Initializing"
        return {**self._settled, "FlowDefinitionStatus": status}

    @description.setter
    def description(self, value: dict[str, Any]) -> None:
        self._settled = value


@dataclass
class HumanReview:
    """All of it, by name."""

    workforces: dict[str, Described] = field(default_factory=dict)
    workteams: dict[str, Described] = field(default_factory=dict)
    task_uis: dict[str, TaskUi] = field(default_factory=dict)
    flow_definitions: dict[str, FlowDefinition] = field(default_factory=dict)


class HumanReviewState(SageMakerModelBackend):
    """The backend with a place for human review."""

    @property
    def human_review(self) -> HumanReview:
        """Made when it is first asked for: a backend that was saved before there was any has none."""
        kept: HumanReview = vars(self).setdefault("_human_review", HumanReview())
        return kept

    def _get_resource_from_arn(self, arn: str) -> Any:
        """What moto lists and changes the tags of."""
        kept = self.human_review
        resources: tuple[Described, ...] = (
            *kept.workforces.values(),
            *kept.workteams.values(),
            *kept.task_uis.values(),
            *kept.flow_definitions.values(),
        )
        found = next((resource for resource in resources if resource.arn == arn), None)
        return found or super()._get_resource_from_arn(arn)

    def _review_arn(self, resource: str, name: str) -> str:
        return f"arn:{self.partition}:sagemaker:{self.region_name}:{self.account_id}:{resource}/{name}"


def listed(
    items: Iterable[Described], request: Request, key: str, *, by: str, members: tuple[str, ...]
) -> dict[str, Any]:
    """The answer of a list operation, under `key`: summaries of `members`, newest first by default.

    `by` is the member that tells when a resource was made.
    """
    chosen = select(items, request, name=lambda i: i.arn.rpartition("/")[2], description=_described)
    field = next((m for m in members if m.endswith("Name")), by) if request.get("SortBy") == "Name" else by
    newest_first = request.get("SortOrder", "Descending") == "Descending"
    found, token = page(sorted(chosen, key=lambda i: i.description[field], reverse=newest_first), request)
    entries = [{m: item.description[m] for m in members if m in item.description} for item in found]
    return {key: entries} | ({"NextToken": token} if token else {})


def _described(item: Described) -> dict[str, Any]:
    return item.description
