"""The CloudFormation template: valid, closed to others, and enough for what the pipelines call."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session
from cfnlint.api import lint_file
from cfnlint.decode import cfn_yaml

from include.settings import Settings
from local.aws.services.events.pattern import matches
from millrace import jobs

FILE = Path(__file__).parents[3] / "include" / "infrastructure" / "millrace.yaml"


@pytest.fixture(scope="module")
def template():
    return cfn_yaml.load(str(FILE))


def statements(template: Any, resource: str) -> list[dict[str, Any]]:
    properties = template["Resources"][resource]["Properties"]
    documents = [
        properties.get("PolicyDocument"),
        *(p["PolicyDocument"] for p in properties.get("Policies", [])),
    ]
    return [statement for document in documents if document for statement in document["Statement"]]


def actions(template: Any, resource: str) -> set[str]:
    return {action for each in statements(template, resource) for action in listed(each["Action"])}


def listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def kinds() -> Iterator[jobs.JobKind]:
    return (value for value in vars(jobs).values() if isinstance(value, jobs.JobKind))


def test_cfn_lint_has_nothing_to_say():
    assert [str(match) for match in lint_file(FILE)] == []


def test_every_setting_that_has_no_default_is_an_output_and_every_output_a_setting(template):
    required = {name for name, field in Settings.model_fields.items() if field.is_required()}
    outputs = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in template["Outputs"]}
    assert required <= outputs <= set(Settings.model_fields)


def upper(status: str) -> str:
    """As events of endpoints spell it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status).upper()


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.name)
def test_the_rule_lets_the_end_of_a_job_through_and_nothing_before_it(template, kind):
    pattern = template["Resources"]["JobStateRule"]["Properties"]["EventPattern"]
    statuses = get_session().get_service_model(kind.service).operation_model(kind.describe)
    known = statuses.output_shape.members[kind.status].enum

    def passes(status: str) -> bool:
        detail = {kind.event.status.removeprefix("detail."): status}
        event = {"source": kind.event.source, "detail-type": kind.event.detail_type, "detail": detail}
        return matches(pattern, event)

    assert {status for status in known if passes(status)} == kind.terminal
    if kind is jobs.ENDPOINT:
        assert {status for status in known if passes(upper(status))} == kind.terminal


def test_airflow_may_start_describe_list_and_stop_every_kind_of_job(template):
    needed = {
        f"{kind.service}:{operation}"
        for kind in kinds()
        for operation in (kind.start, kind.describe, kind.stop, kind.listing.operation)
        if operation
    }
    assert needed <= actions(template, "AirflowPolicy")


@pytest.mark.parametrize("resource", ["JobRole", "AirflowPolicy"])
def test_permissions_name_actions_and_resources(template, resource):
    for statement in statements(template, resource):
        assert statement["Effect"] == "Allow"
        assert not [action for action in listed(statement["Action"]) if "*" in action], statement["Sid"]
        if statement["Resource"] == "*":
            # Only what AWS cannot narrow: listing, logging in to the registry, metrics by their namespace.
            assert all(
                re.match(r"\w+:(List|GetAuthorizationToken|PutMetricData)", action)
                for action in listed(statement["Action"])
            ), statement["Sid"]


def test_airflow_passes_only_the_jobs_role_and_only_to_sagemaker(template):
    [statement] = [
        each for each in statements(template, "AirflowPolicy") if "iam:PassRole" in listed(each["Action"])
    ]
    assert statement["Resource"] == {"Fn::GetAtt": ["JobRole", "Arn"]}
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_the_bucket_refuses_plain_http_and_the_public(template):
    [statement] = statements(template, "BucketPolicy")
    assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    bucket = template["Resources"]["Bucket"]["Properties"]
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]


def test_only_this_account_publishes_events(template):
    [statement] = statements(template, "EventsTopicPolicy")
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_an_upload_goes_to_the_sensors_and_to_the_durable_queue(template):
    rule = template["Resources"]["UploadsRule"]["Properties"]
    assert rule["EventPattern"] == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": [{"Ref": "Bucket"}]},
            "object": {"key": [{"wildcard": "*/uploads/*"}]},
        },
    }
    topic, queue = rule["Targets"]
    assert topic["Arn"] == {"Ref": "EventsTopic"}
    assert queue["Arn"] == {"Fn::GetAtt": ["UploadsQueue", "Arn"]}
    assert queue["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["DeadLettersQueue", "Arn"]}


@pytest.mark.parametrize("name", ["UploadsQueue", "DeadLettersQueue"])
def test_queues_are_durable_encrypted_and_closed_to_all_but_the_rule(template, name):
    queue = template["Resources"][name]["Properties"]
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert queue["SqsManagedSseEnabled"] is True
    [statement] = statements(template, f"{name}Policy")
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"] == {"Fn::GetAtt": [name, "Arn"]}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["UploadsRule", "Arn"]}}}


def test_an_upload_that_nobody_can_take_is_kept(template):
    assert template["Resources"]["UploadsQueue"]["Properties"]["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["DeadLettersQueue", "Arn"]},
        "maxReceiveCount": 5,
    }


def test_airflow_may_take_uploads_and_set_messages_aside_and_no_more(template):
    granted = {
        statement["Resource"]["Fn::GetAtt"][0]: set(listed(statement["Action"]))
        for statement in statements(template, "AirflowPolicy")
        if isinstance(statement["Resource"], dict) and "Queue" in str(statement["Resource"])
        if "Fn::GetAtt" in statement["Resource"]
    }
    assert granted == {
        "UploadsQueue": {
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:ListQueueTags",
            "sqs:ReceiveMessage",
            "sqs:SendMessage",
            "sqs:TagQueue",
        },
        "DeadLettersQueue": {"sqs:SendMessage"},
    }


def test_a_managed_policy_is_not_longer_than_aws_takes(template):
    """6,144 characters without white space, once the names are in it."""
    document = json.dumps(template["Resources"]["AirflowPolicy"]["Properties"]["PolicyDocument"], default=str)
    values = {"Partition": "aws-us-gov", "Region": "ap-southeast-2", "AccountId": "1" * 12}
    for name, value in values.items():
        document = document.replace(f"${{AWS::{name}}}", value)
    document = document.replace("${Environment}", "e" * 20).replace("${Bucket}", "b" * 63)
    arns = document.count("Fn::GetAtt") + document.count('"Ref"')
    assert len(re.sub(r"\s", "", document)) + arns * 60 <= 6144


def test_names_carry_the_environment(template):
    names = [
        value["Fn::Sub"]
        for resource in template["Resources"].values()
        for key, value in resource["Properties"].items()
        if key in {"BucketName", "TopicName", "QueueName", "Name", "RoleName", "ManagedPolicyName"}
    ]
    assert len(names) == 9
    assert all(name.startswith("millrace-${Environment}-") for name in names)
