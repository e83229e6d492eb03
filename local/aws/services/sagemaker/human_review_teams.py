"""Workforces and work teams.

Who is in a team is what an identity provider says on AWS. Locally there is none: members are kept and
shown, and a worker is in every team or in those that were named when the worker was added.
"""

from typing import Any

from local.aws.services.sagemaker import validation
from local.aws.services.sagemaker.hosting import Described
from local.aws.services.sagemaker.human_review_records import HumanReviewState, Request, listed
from local.aws.services.sagemaker.records import now
from local.aws.services.sagemaker.validation import (
    ResourceInUseError,
    ResourceLimitExceededError,
    ValidationError,
)

MAX_TEAMS = 25
"""Of an account and region: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateWorkteam.html"""
CHANGEABLE = ("MemberDefinitions", "Description", "NotificationConfiguration", "WorkerAccessConfiguration")
TEAM = (
    "WorkteamName",
    "MemberDefinitions",
    "WorkteamArn",
    "WorkforceArn",
    "Description",
    "CreateDate",
    "LastUpdatedDate",
    "NotificationConfiguration",
    "WorkerAccessConfiguration",
)
WORKFORCE = (
    "WorkforceName",
    "WorkforceArn",
    "LastUpdatedDate",
    "CreateDate",
    "CognitoConfig",
    "OidcConfig",
    "Status",
)


class TeamOperations(HumanReviewState):
    """The part of the backend that knows who reviews."""

    def new_workforce(self, request: Request) -> dict[str, Any]:
        """CreateWorkforce: one per region."""
        validation.check_request("CreateWorkforce", request)
        if ("CognitoConfig" in request) == ("OidcConfig" in request):
            raise ValidationError("Give either CognitoConfig or OidcConfig.")
        if existing := next(iter(self.human_review.workforces.values()), None):
            raise ValidationError(f"A workforce already exists in this region: {existing.arn}")
        name, moment = request["WorkforceName"], now()
        arn = self._review_arn("workforce", name)
        description = {
            "WorkforceName": name,
            "WorkforceArn": arn,
            "CreateDate": moment,
            "LastUpdatedDate": moment,
            "Status": "Active",
            **_identity(request),
        }
        self.human_review.workforces[name] = Described(arn, description, request.get("Tags") or [])
        return {"WorkforceArn": arn}

    def workforce(self, name: str) -> Described:
        """Raises the error of DescribeWorkforce for an unknown name."""
        if name not in self.human_review.workforces:
            raise ValidationError(f"Workforce {self._review_arn('workforce', name)} does not exist.")
        return self.human_review.workforces[name]

    def list_workforces(self, request: Request) -> dict[str, Any]:
        """ListWorkforces."""
        workforces = list(self.human_review.workforces.values())
        return listed(workforces, request, "Workforces", by="CreateDate", members=WORKFORCE)

    def remove_workforce(self, name: str) -> None:
        """DeleteWorkforce: only one without teams."""
        arn = self.workforce(name).arn
        teams = self.human_review.workteams.values()
        if of_it := [t.arn for t in teams if t.description.get("WorkforceArn") == arn]:
            raise ResourceInUseError(f"Workforce {arn} has work teams: delete {', '.join(of_it)} first.")
        del self.human_review.workforces[name]

    def new_workteam(self, request: Request) -> dict[str, Any]:
        """CreateWorkteam. A region without a workforce has teams all the same."""
        validation.check_request("CreateWorkteam", request)
        name, teams = request["WorkteamName"], self.human_review.workteams
        arn = self._review_arn("workteam/private-crowd", name)
        if name in teams:
            raise ResourceInUseError(f"Workteam {arn} already exists.")
        if len(teams) >= MAX_TEAMS:
            raise ResourceLimitExceededError(
                f"There are {len(teams)} work teams in {self.region_name}, the limit is {MAX_TEAMS}: "
                "delete one."
            )
        moment = now()
        description = {
            "WorkteamName": name,
            "WorkteamArn": arn,
            **self._workforce_of(request),
            **{member: request[member] for member in CHANGEABLE if member in request},
            "CreateDate": moment,
            "LastUpdatedDate": moment,
        }
        teams[name] = Described(arn, description, request.get("Tags") or [])
        return {"WorkteamArn": arn}

    def workteam(self, name: str) -> Described:
        """Raises the error of DescribeWorkteam for an unknown name."""
        if name not in self.human_review.workteams:
            arn = self._review_arn("workteam/private-crowd", name)
            raise ValidationError(f"The Work Team {arn} does not exist.")
        return self.human_review.workteams[name]

    def change_workteam(self, request: Request) -> dict[str, Any]:
        """UpdateWorkteam: changes what the request names and nothing else."""
        validation.check_request("UpdateWorkteam", request)
        team = self.workteam(request["WorkteamName"])
        changes = {member: request[member] for member in CHANGEABLE if member in request}
        team.description = {**team.description, **changes, "LastUpdatedDate": now()}
        return {"Workteam": team.description}

    def list_workteams(self, request: Request) -> dict[str, Any]:
        """ListWorkteams."""
        validation.check_request("ListWorkteams", request)
        teams = list(self.human_review.workteams.values())
        return listed(teams, request, "Workteams", by="CreateDate", members=TEAM)

    def remove_workteam(self, name: str) -> dict[str, Any]:
        """DeleteWorkteam. Tasks that the team has stay."""
        self.workteam(name)
        del self.human_review.workteams[name]
        return {"Success": True}

    def _workforce_of(self, request: Request) -> dict[str, str]:
        if name := request.get("WorkforceName"):
            return {"WorkforceArn": self.workforce(name).arn}
        only = next(iter(self.human_review.workforces.values()), None)
        return {"WorkforceArn": only.arn} if only else {}


def _identity(request: Request) -> dict[str, Any]:
    """The identity provider, without its secret."""
    if "CognitoConfig" in request:
        return {"CognitoConfig": request["CognitoConfig"]}
    return {"OidcConfig": {k: v for k, v in request["OidcConfig"].items() if k != "ClientSecret"}}
