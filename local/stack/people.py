"""The work team that pipelines ask: no template can make one without an identity provider."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from local.stack import infrastructure
from local.stack.config import StackConfig
from local.stack.errors import MillraceError

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

WORK_TEAM = "WorkTeamArn"
"""As if it were an output of the infrastructure stack."""


def work_team(config: StackConfig) -> str:
    """The ARN of this environment's team, which is made if it is not there. `millrace review` adds people.

    Raises:
        MillraceError: the local AWS refuses it.
    """
    client: SageMakerClient = infrastructure.client(config, "sagemaker")
    name = f"{config.stack_name}-reviewers"
    try:
        found = client.list_workteams(NameContains=name)["Workteams"]
        arns = [team["WorkteamArn"] for team in found if team["WorkteamName"] == name]
        return arns[0] if arns else _made(client, name)
    except (ClientError, BotoCoreError) as error:
        raise MillraceError(f"The work team {name} cannot be made: {error}") from error


def _made(client: "SageMakerClient", name: str) -> str:
    members = [{"OidcMemberDefinition": {"Groups": ["reviewers"]}}]
    team = client.create_workteam(
        WorkteamName=name,
        MemberDefinitions=members,  # type: ignore[arg-type]  # one member of the union
        Description="Whoever `millrace review` has let in",
    )
    return team["WorkteamArn"]
