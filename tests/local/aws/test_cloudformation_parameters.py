"""Parameters of stacks: what is shown of them, and when an update has nothing to do."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.test_cloudformation import resource

ClientOf = Callable[..., Any]
PARAMETERS = {
    "Name": {"Type": "String", "Default": "mine"},
    "Seconds": {"Type": "Number", "Default": 30},
    "Delay": {"Type": "Number", "Default": 5},
    "Teams": {"Type": "CommaDelimitedList", "Default": "a,b"},
    "Token": {"Type": "String", "NoEcho": True},
}
QUEUE = resource("SQS::Queue", QueueName={"Ref": "Name"}, VisibilityTimeout={"Ref": "Seconds"})
TEMPLATE = json.dumps({"Parameters": PARAMETERS, "Resources": {"Q": QUEUE}})
GIVEN = [
    {"ParameterKey": "Seconds", "ParameterValue": "60"},
    {"ParameterKey": "Token", "ParameterValue": "s3cr3t"},
]
TAGS = [{"Key": "team", "Value": "ml"}]


@pytest.fixture
def cloudformation(client: ClientOf) -> Any:
    made = client("cloudformation")
    made.create_stack(StackName="s", TemplateBody=TEMPLATE, Parameters=GIVEN, Tags=TAGS)
    return made


def test_parameters_are_told_as_text_and_secrets_not_at_all(cloudformation: Any) -> None:
    [stack] = cloudformation.describe_stacks(StackName="s")["Stacks"]
    told = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    assert told == {"Name": "mine", "Seconds": "60", "Delay": "5", "Teams": "a,b", "Token": "****"}


@pytest.mark.parametrize(
    "given",
    [
        GIVEN,
        [*GIVEN, {"ParameterKey": "Name", "ParameterValue": "mine"}],
        [{"ParameterKey": each["ParameterKey"], "UsePreviousValue": True} for each in GIVEN],
    ],
    ids=["same", "a default, given", "previous values"],
)
def test_the_same_once_more_is_no_update(cloudformation: Any, given: Any) -> None:
    with pytest.raises(ClientError, match="No updates are to be performed"):
        cloudformation.update_stack(StackName="s", TemplateBody=TEMPLATE, Parameters=given, Tags=TAGS)


@pytest.mark.parametrize(
    "changed",
    [
        {"Parameters": [GIVEN[1]]},
        {"Parameters": [GIVEN[0], {**GIVEN[1], "ParameterValue": "another"}]},
        {"Tags": [{"Key": "team", "Value": "other"}]},
        {"TemplateBody": TEMPLATE.replace('"Default": "mine"', '"Default": "yours"')},
    ],
    ids=["back to a default", "a secret", "a tag", "the template"],
)
def test_anything_else_is(cloudformation: Any, changed: dict[str, Any]) -> None:
    before = {"StackName": "s", "TemplateBody": TEMPLATE, "Parameters": GIVEN, "Tags": TAGS}
    cloudformation.update_stack(**before | changed)
    [stack] = cloudformation.describe_stacks(StackName="s")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert stack["Tags"] == changed.get("Tags", TAGS)


def test_what_an_update_does_not_give_has_its_default_again(cloudformation: Any) -> None:
    body = TEMPLATE.replace('"NoEcho": true', '"Default": "none"')
    cloudformation.update_stack(StackName="s", TemplateBody=body)
    [stack] = cloudformation.describe_stacks(StackName="s")["Stacks"]
    told = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    assert told == {"Name": "mine", "Seconds": "30", "Delay": "5", "Teams": "a,b", "Token": "none"}


def test_an_update_that_failed_leaves_the_stack_as_it_was_and_may_be_tried_again(
    cloudformation: Any, client: ClientOf
) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:later"
    subscription = resource("SNS::Subscription", Protocol="sms", TopicArn=topic, Endpoint="+15555550100")
    queues = {"Q": QUEUE | {"Properties": {"QueueName": "other"}}, "More": resource("SQS::Queue")}
    body = json.dumps({"Parameters": PARAMETERS, "Resources": {**queues, "S": subscription}})
    update = {"StackName": "s", "TemplateBody": body, "Parameters": GIVEN, "Tags": TAGS}

    def queue_names() -> list[str]:
        return [url.rpartition("/")[2] for url in client("sqs").list_queues().get("QueueUrls", [])]

    with pytest.raises(ClientError):
        cloudformation.update_stack(**update)
    [stack] = cloudformation.describe_stacks(StackName="s")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert queue_names() == ["mine"]
    assert cloudformation.get_template(StackName="s")["TemplateBody"] == json.loads(TEMPLATE)

    client("sns").create_topic(Name="later")
    cloudformation.update_stack(**update)
    assert len(client("sns").list_subscriptions()["Subscriptions"]) == 1
    assert len(queue_names()) == 2
