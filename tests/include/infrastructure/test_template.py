"""The CloudFormation template: valid, and it tells what the pipelines wait for."""

import re
from collections.abc import Iterator

import pytest
from botocore.session import get_session
from cfnlint.api import lint_file

from include.settings import Settings
from local.aws.services.events.pattern import matches
from millrace import jobs
from tests.include.infrastructure.variants import FILE, TEMPLATE


def kinds() -> Iterator[jobs.JobKind]:
    return (value for value in vars(jobs).values() if isinstance(value, jobs.JobKind))


def test_cfn_lint_has_nothing_to_say():
    assert [str(match) for match in lint_file(FILE)] == []


def test_every_setting_that_has_no_default_is_an_output_and_every_output_a_setting(variant):
    required = {name for name, field in Settings.model_fields.items() if field.is_required()}
    outputs = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in variant.outputs}
    assert required <= outputs <= set(Settings.model_fields)


def test_a_queue_made_beforehand_is_told_of_only_where_there_is_one(plain, shared):
    assert "EventsQueueUrl" not in plain.outputs
    assert shared.outputs["EventsQueueUrl"]["Value"] == {"Ref": "SharedEventsQueue"}


def upper(status: str) -> str:
    """As events of endpoints spell it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status).upper()


@pytest.mark.parametrize(
    "kind",
    [kind for kind in kinds() if kind.event and kind is not jobs.GLUE_CRAWLER],
    ids=lambda kind: kind.name,
)
def test_the_rule_lets_the_end_of_a_job_through_and_nothing_before_it(plain, kind):
    pattern = plain.resources["JobStateRule"]["Properties"]["EventPattern"]
    shape = get_session().get_service_model(kind.service).operation_model(kind.describe).output_shape
    for member in kind.status.split("."):
        shape = shape.members[member]
    known = shape.enum

    def passes(status: str) -> bool:
        detail = {kind.event.status.removeprefix("detail."): status}
        event = {"source": kind.event.source, "detail-type": kind.event.detail_type, "detail": detail}
        return matches(pattern, event)

    assert {status for status in known if passes(status)} == kind.terminal
    if kind is jobs.ENDPOINT:
        assert {status for status in known if passes(upper(status))} == kind.terminal


def test_the_rule_lets_the_end_of_a_crawl_through_and_not_its_beginning(plain):
    pattern = plain.resources["JobStateRule"]["Properties"]["EventPattern"]

    def passes(state: str) -> bool:
        detail = {"crawlerName": "a", "state": state}
        return matches(
            pattern, {"source": "aws.glue", "detail-type": "Glue Crawler State Change", "detail": detail}
        )

    assert [state for state in ("Started", "Succeeded", "Failed") if passes(state)] == ["Succeeded", "Failed"]


def test_an_upload_goes_to_the_sensors_and_to_the_durable_queue(plain):
    rule = plain.resources["UploadsRule"]["Properties"]
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


def test_the_shared_queue_is_subscribed_as_the_triggerers_read_it(shared):
    assert list(shared.of_type("SNS::Subscription").values()) == [
        {
            "TopicArn": {"Ref": "EventsTopic"},
            "Protocol": "sqs",
            "Endpoint": {"Fn::GetAtt": ["SharedEventsQueue", "Arn"]},
            "RawMessageDelivery": True,
        }
    ]


SHARED_NAMES = {
    "/aws/sagemaker/ProcessingJobs",
    "/aws/sagemaker/TrainingJobs",
    "/aws/sagemaker/TransformJobs",
}
"""SageMaker's own: an account has them once."""


def test_names_carry_the_environment(variant):
    named = re.compile(r"^(Name|AliasName|\w*(Bucket|Topic|Queue|Role|Policy|Alarm|Group)Name)$")
    names = [
        value.get("Fn::Sub") if isinstance(value, dict) else value
        for resource in variant.resources.values()
        for key, value in resource["Properties"].items()
        if named.match(key)
    ]
    assert len(names) > 12
    own = [name for name in names if name not in SHARED_NAMES]
    assert all(name.removeprefix("alias/").startswith("millrace-${Environment}") for name in own), own


def test_every_parameter_is_described_and_has_a_default():
    for name, parameter in TEMPLATE["Parameters"].items():
        assert parameter["Description"].strip().endswith("."), name
        assert "Default" in parameter, name
