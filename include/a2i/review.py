"""Requests of human task UIs, flow definitions and human loops.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHumanTaskUi.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateFlowDefinition.html
https://docs.aws.amazon.com/augmented-ai/2019-11-07/APIReference/API_StartHumanLoop.html
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from include.a2i.items import Item
from include.naming import content_name
from include.run import Run

TEMPLATES = Path(__file__).parents[1] / "templates"
MOST_ANSWERS = 3
SPARE = timedelta(days=1)
"""A task that A2I itself ends at the deadline would have failed, not have been stopped."""

Request = dict[str, Any]


@dataclass(frozen=True)
class HumanReview:
    """A batch of tasks for the members of a work team.

    ``items`` is the S3 URI of the JSON list that ``parse_items`` reads; ``template`` a file of
    ``include/templates``; ``answers`` how many people answer each task, up to 3. ``sufficient`` answered
    items end the review before ``deadline`` does: up to 1 it is a share of the items, above a number of them.
    ``available`` is how long a task waits for somebody to accept it, by default longer than the review
    takes, which stops what is open; ``time_limit`` is how long that person has then.
    """

    items: str
    template: str
    work_team_arn: str | None
    title: str
    description: str
    deadline: timedelta
    sufficient: float = 1.0
    answers: int = 1
    time_limit: timedelta = timedelta(hours=1)
    available: timedelta | None = None
    keywords: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Raises ValueError for what no review can be."""
        if not self.work_team_arn:
            raise ValueError("nobody is asked: name a work team, in the run or as MILLRACE_WORK_TEAM_ARN")
        if not 1 <= self.answers <= MOST_ANSWERS:
            raise ValueError(f"{self.answers} answers to each task: A2I takes 1 to {MOST_ANSWERS}")
        if self.sufficient <= 0:
            raise ValueError(f"{self.sufficient} answers suffice: give a share, or a number from 1")
        if self.deadline <= timedelta(0):
            raise ValueError(f"a deadline of {self.deadline} is over before the review begins")

    def needed(self, items: int) -> int:
        """How many of so many items have to be answered."""
        share = self.sufficient <= 1
        wanted = math.ceil(round(self.sufficient * items, 6)) if share else math.ceil(self.sufficient)
        return min(wanted, items)

    def ui_request(self, run: Run) -> Request:
        """The ``CreateHumanTaskUi`` request. A changed template is another UI: none can be changed."""
        content = (TEMPLATES / self.template).read_text(encoding="utf-8")
        return {
            "HumanTaskUiName": content_name(run.resource_name, content),
            "UiTemplate": {"Content": content},
        }

    def flow_request(self, run: Run, ui_arn: str) -> Request:
        """The ``CreateFlowDefinition`` request. Its name goes by all else in it: none can be changed."""
        available = self.available or self.deadline + SPARE
        loop: Request = {
            "WorkteamArn": self.work_team_arn,
            "HumanTaskUiArn": ui_arn,
            "TaskTitle": self.title,
            "TaskDescription": self.description,
            "TaskCount": self.answers,
            "TaskAvailabilityLifetimeInSeconds": int(available.total_seconds()),
            "TaskTimeLimitInSeconds": int(self.time_limit.total_seconds()),
        }
        if self.keywords:
            loop["TaskKeywords"] = list(self.keywords)
        # Not below the run, as runs share the definition; below it A2I makes a folder for each loop.
        output = {"S3OutputPath": run.human_loops_uri()}
        if run.settings.output_kms_key:
            output["KmsKeyId"] = run.settings.output_kms_key
        request = {"HumanLoopConfig": loop, "OutputConfig": output, "RoleArn": run.settings.role_arn}
        name = content_name(run.resource_name, json.dumps(request, sort_keys=True))
        return {"FlowDefinitionName": name, **request}

    def loop_request(self, flow_definition_arn: str, item: Item) -> Request:
        """The ``StartHumanLoop`` request of an item, without its name."""
        return {"FlowDefinitionArn": flow_definition_arn, "HumanLoopInput": {"InputContent": item.content()}}
