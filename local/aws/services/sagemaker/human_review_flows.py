"""Flow definitions: who reviews, on which page, how many answers, by when, and where they go."""

from typing import Any

from local.aws.services.sagemaker import validation
from local.aws.services.sagemaker.human_review_records import FlowDefinition, Request, listed
from local.aws.services.sagemaker.human_review_teams import TeamOperations
from local.aws.services.sagemaker.human_review_uis import TaskUiOperations
from local.aws.services.sagemaker.jobs import copied
from local.aws.services.sagemaker.records import now
from local.aws.services.sagemaker.validation import (
    ResourceInUseError,
    ResourceNotFoundError,
    ValidationError,
)

MAX_LIFETIME = 864_000
MAX_TIME_LIMIT = 28_800
"""Seconds: 10 days and 8 hours.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HumanTaskConfig.html
"""
SUMMARY = ("FlowDefinitionName", "FlowDefinitionArn", "FlowDefinitionStatus", "CreationTime", "FailureReason")


class FlowDefinitionOperations(TeamOperations, TaskUiOperations):
    """The part of the backend that keeps review workflows."""

    def new_flow_definition(self, request: Request) -> dict[str, Any]:
        """CreateFlowDefinition."""
        validation.check_request("CreateFlowDefinition", request)
        name = request["FlowDefinitionName"]
        arn = self._review_arn("flow-definition", name)
        if name in self.human_review.flow_definitions:
            raise ResourceInUseError(f"Flow definition {arn} already exists.")
        template = self._check_loop(request.get("HumanLoopConfig"))
        validation.check_s3_uri(request["OutputConfig"]["S3OutputPath"], "S3OutputPath")
        validation.check_role(request["RoleArn"], self.account_id, self.region_name)
        description = {
            **copied("DescribeFlowDefinition", request),
            "FlowDefinitionArn": arn,
            "CreationTime": now(),
        }
        flow = FlowDefinition(arn, description, request.get("Tags") or [], template)
        self.human_review.flow_definitions[name] = flow
        return {"FlowDefinitionArn": arn}

    def flow_definition(self, name: str) -> FlowDefinition:
        """Raises the error of DescribeFlowDefinition for an unknown name."""
        if name not in self.human_review.flow_definitions:
            arn = self._review_arn("flow-definition", name)
            raise ResourceNotFoundError(f"Flow definition {arn} does not exist.")
        return self.human_review.flow_definitions[name]

    def list_flow_definitions(self, request: Request) -> dict[str, Any]:
        """ListFlowDefinitions."""
        validation.check_request("ListFlowDefinitions", request)
        flows = list(self.human_review.flow_definitions.values())
        return listed(flows, request, "FlowDefinitionSummaries", by="CreationTime", members=SUMMARY)

    def remove_flow_definition(self, name: str) -> dict[str, Any]:
        """DeleteFlowDefinition: only one whose human loops have ended."""
        flow = self.flow_definition(name)
        if running := self._loops_in_progress(flow.arn):
            raise ResourceInUseError(
                f"Flow definition {flow.arn} has {len(running)} human loops in progress: "
                f"stop {', '.join(running[:3])} and so on."
            )
        del self.human_review.flow_definitions[name]
        return {}

    def _loops_in_progress(self, arn: str) -> list[str]:
        from local.aws.services.a2i_runtime.models import a2i_backends  # noqa: PLC0415  (it imports this package)

        return a2i_backends[self.account_id][self.region_name].in_progress(arn)

    def _check_loop(self, config: Request | None) -> str:
        """Refuses a team or page that is not there, and times out of range; returns the page's template."""
        if not config:
            raise ValidationError("HumanLoopConfig is required: give a work team, a task UI and a TaskCount.")
        teams = {team.arn for team in self.human_review.workteams.values()}
        if config["WorkteamArn"] not in teams:
            raise ValidationError(
                f"The specified Workteam '{config['WorkteamArn']}' does not exist or you do not have access "
                "to it."
            )
        limits = {"TaskAvailabilityLifetimeInSeconds": MAX_LIFETIME, "TaskTimeLimitInSeconds": MAX_TIME_LIMIT}
        for member, most in limits.items():
            if config.get(member, 0) > most:
                raise ValidationError(
                    f"{member} is {config[member]}; the limit is {most} seconds: give less."
                )
        ui = next((u for u in self.human_review.task_uis.values() if u.arn == config["HumanTaskUiArn"]), None)
        if ui is None:
            raise ValidationError(f"The specified HumanTaskUi '{config['HumanTaskUiArn']}' does not exist.")
        return ui.template
