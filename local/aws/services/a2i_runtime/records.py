"""Human loops as they are saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Status = str
IN_PROGRESS, STOPPING = "InProgress", "Stopping"
COMPLETED, FAILED, STOPPED = "Completed", "Failed", "Stopped"
ENDED = (COMPLETED, FAILED, STOPPED)


@dataclass(frozen=True)
class HumanLoop:
    """A human loop. It is replaced as a whole, so a reader never sees half a change.

    Attributes:
        content: The InputContent as it came.
        output_config: The flow definition's, which may be deleted after the loop has ended.
        workteam: What DescribeWorkteam said of the team.
        task_id: Of the review task.
        output_uri: Of the answers, once they are there.
        failure: Code and reason.
    """

    name: str
    arn: str
    flow_definition_arn: str
    content: str
    output_config: Mapping[str, str]
    workteam: Mapping[str, Any]
    creation_time: datetime
    task_id: str
    status: Status = IN_PROGRESS
    output_uri: str | None = None
    failure: tuple[str, str] | None = None

    @property
    def region(self) -> str:
        """The region that it is in."""
        return self.arn.split(":")[3]

    @property
    def account(self) -> str:
        """The account that it is in."""
        return self.arn.split(":")[4]

    def description(self) -> dict[str, Any]:
        """The answer of DescribeHumanLoop."""
        return {
            "CreationTime": self.creation_time,
            "HumanLoopStatus": self.status,
            "HumanLoopName": self.name,
            "HumanLoopArn": self.arn,
            "FlowDefinitionArn": self.flow_definition_arn,
            **({"FailureCode": self.failure[0], "FailureReason": self.failure[1]} if self.failure else {}),
            **({"HumanLoopOutput": {"OutputS3Uri": self.output_uri}} if self.output_uri else {}),
        }

    def summary(self) -> dict[str, Any]:
        """Its entry in ListHumanLoops."""
        members = ("HumanLoopName", "HumanLoopStatus", "CreationTime", "FailureReason", "FlowDefinitionArn")
        described = self.description()
        return {member: described[member] for member in members if member in described}
