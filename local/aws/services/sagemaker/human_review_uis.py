"""Human task UIs: the Liquid templates of pages for workers."""

import hashlib
import json
from typing import Any

from local.aws.review.links import Links
from local.aws.services.sagemaker import context, validation
from local.aws.services.sagemaker.human_review_records import HumanReviewState, Request, TaskUi, listed
from local.aws.services.sagemaker.records import now
from local.aws.services.sagemaker.validation import ResourceInUseError, ResourceNotFoundError, ValidationError

SUMMARY = ("HumanTaskUiName", "HumanTaskUiArn", "CreationTime")


class TaskUiOperations(HumanReviewState):
    """The part of the backend that keeps templates."""

    def new_human_task_ui(self, request: Request) -> dict[str, Any]:
        """CreateHumanTaskUi."""
        validation.check_request("CreateHumanTaskUi", request)
        name, template = request["HumanTaskUiName"], request["UiTemplate"]["Content"]
        arn = self._review_arn("human-task-ui", name)
        if name in self.human_review.task_uis:
            raise ResourceInUseError(f"Human task UI {arn} already exists.")
        description = {
            "HumanTaskUiArn": arn,
            "HumanTaskUiName": name,
            "HumanTaskUiStatus": "Active",
            "CreationTime": now(),
            "UiTemplate": {"ContentSha256": hashlib.sha256(template.encode()).hexdigest()},
        }
        self.human_review.task_uis[name] = TaskUi(arn, description, request.get("Tags") or [], template)
        return {"HumanTaskUiArn": arn}

    def human_task_ui(self, name: str) -> TaskUi:
        """Raises the error of DescribeHumanTaskUi for an unknown name."""
        if name not in self.human_review.task_uis:
            arn = self._review_arn("human-task-ui", name)
            raise ResourceNotFoundError(f"Human task UI {arn} does not exist.")
        return self.human_review.task_uis[name]

    def list_human_task_uis(self, request: Request) -> dict[str, Any]:
        """ListHumanTaskUis."""
        validation.check_request("ListHumanTaskUis", request)
        uis = list(self.human_review.task_uis.values())
        return listed(uis, request, "HumanTaskUiSummaries", by="CreationTime", members=SUMMARY)

    def render_ui_template(self, request: Request) -> dict[str, Any]:
        """RenderUiTemplate: what the template makes of an input; what is wrong with either is in `Errors`."""
        from local.aws.review.rendering import TemplateError, render  # noqa: PLC0415  (Liquid takes its time)

        validation.check_request("RenderUiTemplate", request)
        validation.check_role(request["RoleArn"], self.account_id, self.region_name)
        template = self._template(request)
        links = Links(context.current().aws.endpoint_url, self.region_name)
        try:
            document = render(template, json.loads(request["Task"]["Input"]), links.sign)
        except (TemplateError, json.JSONDecodeError) as error:
            return {"RenderedContent": "", "Errors": [{"Code": "InvalidParameters", "Message": str(error)}]}
        return {"RenderedContent": document.html, "Errors": []}

    def _template(self, request: Request) -> str:
        given = (request.get("UiTemplate") or {}).get("Content")
        arn = request.get("HumanTaskUiArn")
        if bool(given) == bool(arn):
            raise ValidationError("Give either UiTemplate or HumanTaskUiArn.")
        return given or self.human_task_ui(str(arn).rpartition("/")[2]).template

    def remove_human_task_ui(self, name: str) -> dict[str, Any]:
        """DeleteHumanTaskUi. Workflows that were made with it keep it."""
        self.human_task_ui(name)
        del self.human_review.task_uis[name]
        return {}
