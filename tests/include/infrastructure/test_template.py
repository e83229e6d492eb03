"""The CloudFormation template: valid, closed to others, and enough for what the pipelines call."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file
from cfnlint.decode import cfn_yaml

from include.settings import Settings
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


def test_every_setting_that_has_no_default_is_an_output(template):
    required = {name for name, field in Settings.model_fields.items() if field.is_required()}
    outputs = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in template["Outputs"]}
    assert required == outputs


def test_every_event_that_a_task_may_wait_for_is_in_the_rule(template):
    pattern = template["Resources"]["JobStateRule"]["Properties"]["EventPattern"]
    awaited = {(kind.event.source, kind.event.detail_type) for kind in kinds()}
    assert awaited
    assert awaited <= {(source, kind) for source in pattern["source"] for kind in pattern["detail-type"]}


def test_airflow_may_start_describe_and_stop_every_kind_of_job(template):
    needed = {
        f"{kind.service}:{operation}"
        for kind in kinds()
        for operation in (kind.start, kind.describe, kind.stop)
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


def test_names_carry_the_environment(template):
    names = [
        value["Fn::Sub"]
        for resource in template["Resources"].values()
        for key, value in resource["Properties"].items()
        if key in {"BucketName", "TopicName", "Name", "RoleName", "ManagedPolicyName"}
    ]
    assert len(names) == 6
    assert all(name.startswith("millrace-${Environment}-") for name in names)
