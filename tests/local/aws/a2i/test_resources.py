"""Work teams, task UIs and flow definitions through boto3."""

import hashlib
from datetime import timedelta
from importlib.util import find_spec

import pytest
from botocore.exceptions import ClientError

from local.aws.services.sagemaker import human_review_records
from tests.local.aws.a2i.account import MEMBERS, TEMPLATE
from tests.local.aws.sagemaker.shapes import problems

ARN = "arn:aws:sagemaker:us-east-1:123456789012"


def test_a_work_team_is_kept_changed_and_deleted(account, name):
    sagemaker = account.sagemaker
    request = {"WorkteamName": name, "Description": "first", "MemberDefinitions": MEMBERS}
    assert sagemaker.create_workteam(**request)["WorkteamArn"] == f"{ARN}:workteam/private-crowd/{name}"
    found = sagemaker.describe_workteam(WorkteamName=name)
    assert problems("DescribeWorkteam", found) == []
    assert {member: found["Workteam"][member] for member in request} == request
    changed = sagemaker.update_workteam(WorkteamName=name, Description="second")
    assert problems("UpdateWorkteam", changed) == []
    assert changed["Workteam"]["Description"] == "second"
    assert changed["Workteam"]["MemberDefinitions"] == MEMBERS
    listed = sagemaker.list_workteams(NameContains=name[:10])
    assert problems("ListWorkteams", listed) == []
    assert [team["WorkteamName"] for team in listed["Workteams"]] == [name]
    with pytest.raises(ClientError, match=r"ResourceInUse.*already exists"):
        sagemaker.create_workteam(**request)
    assert sagemaker.delete_workteam(WorkteamName=name)["Success"] is True
    with pytest.raises(ClientError, match=f"ValidationException.*{name} does not exist"):
        sagemaker.describe_workteam(WorkteamName=name)


def test_a_region_has_25_work_teams_at_most(account, name):
    there = len(account.sagemaker.list_workteams()["Workteams"])
    made = [f"{name}-{n}" for n in range(25 - there)]
    for team in made:
        account.sagemaker.create_workteam(WorkteamName=team, Description="d", MemberDefinitions=MEMBERS)
    with pytest.raises(ClientError, match=r"ResourceLimitExceeded.*the limit is 25"):
        account.sagemaker.create_workteam(WorkteamName=name, Description="d", MemberDefinitions=MEMBERS)
    for team in made:
        account.sagemaker.delete_workteam(WorkteamName=team)


def test_a_workforce_goes_after_its_teams_and_never_tells_its_secret(account, name):
    urls = (
        "Issuer",
        "AuthorizationEndpoint",
        "TokenEndpoint",
        "UserInfoEndpoint",
        "LogoutEndpoint",
        "JwksUri",
    )
    config = {"ClientId": "c", "ClientSecret": "hush", **dict.fromkeys(urls, "https://id.example")}
    account.sagemaker.create_workforce(WorkforceName="people", OidcConfig=config)
    with pytest.raises(ClientError, match="already exists in this region"):
        account.sagemaker.create_workforce(WorkforceName="others", OidcConfig=config)
    found = account.sagemaker.describe_workforce(WorkforceName="people")
    assert problems("DescribeWorkforce", found) == []
    assert "hush" not in str(found)
    assert account.sagemaker.list_workforces()["Workforces"] == [found["Workforce"]]
    members = [{"OidcMemberDefinition": {"Groups": ["g"]}}]
    account.sagemaker.create_workteam(WorkteamName=name, Description="d", MemberDefinitions=members)
    team = account.sagemaker.describe_workteam(WorkteamName=name)["Workteam"]
    assert team["WorkforceArn"] == found["Workforce"]["WorkforceArn"]
    with pytest.raises(ClientError, match=r"ResourceInUse.*has work teams"):
        account.sagemaker.delete_workforce(WorkforceName="people")
    account.sagemaker.delete_workteam(WorkteamName=name)
    account.sagemaker.delete_workforce(WorkforceName="people")
    with pytest.raises(ClientError, match="does not exist"):
        account.sagemaker.describe_workforce(WorkforceName="people")


def test_a_task_ui_is_kept_and_deleted(account, name):
    sagemaker = account.sagemaker
    request = {"HumanTaskUiName": name, "UiTemplate": {"Content": TEMPLATE}}
    assert sagemaker.create_human_task_ui(**request)["HumanTaskUiArn"] == f"{ARN}:human-task-ui/{name}"
    found = sagemaker.describe_human_task_ui(HumanTaskUiName=name)
    assert problems("DescribeHumanTaskUi", found) == []
    assert found["UiTemplate"]["ContentSha256"] == hashlib.sha256(TEMPLATE.encode()).hexdigest()
    listed = sagemaker.list_human_task_uis()
    assert problems("ListHumanTaskUis", listed) == []
    assert name in [ui["HumanTaskUiName"] for ui in listed["HumanTaskUiSummaries"]]
    with pytest.raises(ClientError, match=r"ResourceInUse.*already exists"):
        sagemaker.create_human_task_ui(**request)
    sagemaker.delete_human_task_ui(HumanTaskUiName=name)
    for operation in (sagemaker.describe_human_task_ui, sagemaker.delete_human_task_ui):
        with pytest.raises(ClientError, match=f"ResourceNotFound.*{name} does not exist"):
            operation(HumanTaskUiName=name)


@pytest.mark.skipif(not find_spec("liquid"), reason="python-liquid is not installed")
def test_a_template_is_shown_with_an_input_or_with_what_is_wrong(account):
    def render(template, input_='{"heard": "<b>"}'):
        answer = account.sagemaker.render_ui_template(
            UiTemplate={"Content": template}, Task={"Input": input_}, RoleArn=account.role
        )
        assert problems("RenderUiTemplate", answer) == []
        return answer["RenderedContent"], [error["Message"] for error in answer["Errors"]]

    assert render(TEMPLATE) == ("<crowd-form>&lt;b&gt;</crowd-form>", [])
    for wrong in (("{{ task.input.heard | nonsense }}",), (TEMPLATE, "{not json")):
        content, [message] = render(*wrong)
        assert content == ""
        assert message


@pytest.mark.parametrize(
    "given", [{}, {"UiTemplate": {"Content": "x"}, "HumanTaskUiArn": f"{ARN}:human-task-ui/x"}]
)
@pytest.mark.skipif(not find_spec("liquid"), reason="python-liquid is not installed")
def test_a_preview_is_of_one_template(account, given):
    with pytest.raises(ClientError, match="Give either UiTemplate or HumanTaskUiArn"):
        account.sagemaker.render_ui_template(Task={"Input": "{}"}, RoleArn=account.role, **given)


def test_a_flow_definition_initializes_before_it_is_active(account, name, monkeypatch):
    monkeypatch.setattr(human_review_records, "INITIALIZING", timedelta(hours=1))
    request = account.flow_request(name, TaskKeywords=["speech"], TaskTimeLimitInSeconds=60)
    arn = account.sagemaker.create_flow_definition(**request)["FlowDefinitionArn"]
    assert arn == f"{ARN}:flow-definition/{name}"
    found = account.sagemaker.describe_flow_definition(FlowDefinitionName=name)
    assert problems("DescribeFlowDefinition", found) == []
    assert found["FlowDefinitionStatus"] == "Initializing"
    assert {member: found[member] for member in request} == request
    with pytest.raises(ClientError, match=r"ValidationException.*is Initializing: wait until it is Active"):
        account.start(name, arn)
    with pytest.raises(ClientError, match=r"ResourceInUse.*already exists"):
        account.sagemaker.create_flow_definition(**request)
    monkeypatch.setattr(human_review_records, "INITIALIZING", timedelta(0))
    found = account.sagemaker.describe_flow_definition(FlowDefinitionName=name)
    assert found["FlowDefinitionStatus"] == "Active"


def test_flow_definitions_are_listed_newest_first_by_page(account, name):
    names = [f"{name}-{n}" for n in range(3)]
    for flow in names:
        account.flow(flow)
    pages = account.sagemaker.get_paginator("list_flow_definitions").paginate(
        PaginationConfig={"PageSize": 2}
    )
    answers = list(pages)
    assert [problems("ListFlowDefinitions", answer) for answer in answers] == [[]] * len(answers)
    listed = [s["FlowDefinitionName"] for answer in answers for s in answer["FlowDefinitionSummaries"]]
    assert [flow for flow in listed if flow in names] == names[::-1]


def test_a_flow_definition_keeps_the_template_of_a_deleted_ui(account, name):
    ui = account.sagemaker.create_human_task_ui(HumanTaskUiName=name, UiTemplate={"Content": TEMPLATE})
    flow = account.flow(name, HumanTaskUiArn=ui["HumanTaskUiArn"])
    account.sagemaker.delete_human_task_ui(HumanTaskUiName=name)
    account.answer("ann", account.start(name, flow), {})
    assert account.ended(name)["HumanLoopStatus"] == "Completed"


def test_a_flow_definition_goes_when_its_loops_have_ended(account, name):
    flow = account.flow(name)
    account.start(name, flow)
    with pytest.raises(ClientError, match=f"ResourceInUse.*1 human loops in progress.*{name}"):
        account.sagemaker.delete_flow_definition(FlowDefinitionName=name)
    account.a2i.stop_human_loop(HumanLoopName=name)
    account.ended(name)
    account.sagemaker.delete_flow_definition(FlowDefinitionName=name)
    with pytest.raises(ClientError, match=f"ResourceNotFound.*{name} does not exist"):
        account.sagemaker.describe_flow_definition(FlowDefinitionName=name)


def test_tags_are_listed_and_changed(account, name):
    tags = [{"Key": "millrace:dag", "Value": "transcript_improvement"}]
    arn = account.sagemaker.create_flow_definition(**account.flow_request(name), Tags=tags)[
        "FlowDefinitionArn"
    ]
    assert account.sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags
    account.sagemaker.add_tags(ResourceArn=account.team, Tags=tags)
    assert account.sagemaker.list_tags(ResourceArn=account.team)["Tags"] == tags
    account.sagemaker.delete_tags(ResourceArn=account.team, TagKeys=["millrace:dag"])
    assert account.sagemaker.list_tags(ResourceArn=account.team)["Tags"] == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"WorkteamArn": f"{ARN}:workteam/private-crowd/nobody"},
            "specified Workteam .*nobody' does not exist",
        ),
        (
            {"WorkteamArn": f"{ARN}:workteam/public-crowd/default"},
            "specified Workteam .*default' does not exist",
        ),
        ({"HumanTaskUiArn": f"{ARN}:human-task-ui/none"}, "specified HumanTaskUi .*none' does not exist"),
        ({"TaskCount": 0}, "taskCount' failed.*greater than or equal to 1"),
        ({"TaskCount": 4}, "taskCount' failed.*less than or equal to 3"),
        ({"TaskTimeLimitInSeconds": 29}, "taskTimeLimitInSeconds' failed.*greater than or equal to 30"),
        ({"TaskTimeLimitInSeconds": 28_801}, "TaskTimeLimitInSeconds is 28801; the limit is 28800"),
        ({"TaskAvailabilityLifetimeInSeconds": 864_001}, "InSeconds is 864001; the limit is 864000"),
        ({"TaskAvailabilityLifetimeInSeconds": 0}, "greater than or equal to 1"),
        ({"TaskTitle": "x" * 129}, "taskTitle' failed.*less than or equal to 128"),
    ],
)
def test_a_loop_that_cannot_be_is_refused(account, changes, message):
    with pytest.raises(ClientError, match=f"ValidationException.*{message}"):
        account.sagemaker.create_flow_definition(**account.flow_request("refused", **changes))


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("FlowDefinitionName", "Upper", "flowDefinitionName' failed.*regular expression"),
        ("RoleArn", "arn:aws:iam::123456789012:role/nobody", "Could not assume role"),
        ("OutputConfig", {"S3OutputPath": "https://b/k"}, "S3OutputPath 'https://b/k' is not a valid S3 URI"),
        ("HumanLoopConfig", None, "HumanLoopConfig is required"),
    ],
)
def test_a_flow_definition_that_cannot_be_is_refused(account, member, value, message):
    request = account.flow_request("refused") | {member: value}
    with pytest.raises(ClientError, match=f"ValidationException.*{message}"):
        account.sagemaker.create_flow_definition(**{k: v for k, v in request.items() if v})
