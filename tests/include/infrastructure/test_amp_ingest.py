"""The templates of amp_ingest: closed, encrypted, watched, and made by whoever may make nothing else."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file
from cfnlint.decode import cfn_yaml

from bench.amp_serving_rig.modules import FUNCTION, load
from tests.include.infrastructure.variants import FILE, listed

PATHS = {name: FILE.with_name(f"{name}.yaml") for name in ("amp_ingest", "amp_ingest_access")}
WAY, ACCESS = (cfn_yaml.load(str(path)) for path in PATHS.values())
KEY = {"Ref": "KmsKeyArn"}
NO_RESOURCE = {
    "cloudwatch:GetMetricData",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "lambda:GetEventSourceMapping",
    "lambda:ListEventSourceMappings",
}
"""What AWS has no resource for, or none that is known beforehand."""
VPC = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
}


def of_type(template: Any, kind: str) -> dict[str, Any]:
    found = {
        name: each["Properties"]
        for name, each in template["Resources"].items()
        if each["Type"] == f"AWS::{kind}"
    }
    assert found, f"no AWS::{kind}"
    return found


def statements(template: Any) -> list[tuple[str, dict[str, Any]]]:
    """Of roles and managed policies, with the name of the resource."""
    return [
        (name, statement)
        for name, each in template["Resources"].items()
        for document in (
            each["Properties"].get("PolicyDocument"),
            *(policy["PolicyDocument"] for policy in each["Properties"].get("Policies", [])),
        )
        if document
        for given in document["Statement"]
        for statement in given.get("Fn::If", [given])
        if "Action" in statement
    ]


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_cfn_lint_has_nothing_to_say(path: Path):
    assert [str(match) for match in lint_file(path)] == []


def test_the_template_fits_into_a_request():
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
    for path in PATHS.values():
        assert len(path.read_bytes()) <= 51_200, path


def test_the_dag_makes_no_roles_and_no_policies():
    assert [each for each in WAY["Resources"].values() if each["Type"].startswith("AWS::IAM")] == []
    provisioning = [each for name, each in statements(ACCESS) if name == "ProvisioningRole"]
    actions = {action for each in provisioning for action in listed(each["Action"])}
    assert {action for action in actions if action.startswith("iam:")} == {"iam:PassRole"}


def test_roles_are_passed_to_those_who_take_them_on_and_to_nobody_else():
    passing = {name: each for name, each in statements(ACCESS) if "iam:PassRole" in listed(each["Action"])}
    trusts = {
        name: role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]
        for name, role in of_type(ACCESS, "IAM::Role").items()
    }
    for name, to in (("ProvisioningRole", None), ("IngestionPolicy", "cloudformation.amazonaws.com")):
        passed = [each["Fn::GetAtt"][0] for each in listed(passing[name]["Resource"])]
        services = listed(passing[name]["Condition"]["StringEquals"]["iam:PassedToService"])
        assert {trusts[role] for role in passed} == set(services)
        assert to in (None, *services)
    assert passing.keys() == {"ProvisioningRole", "IngestionPolicy"}


def test_permissions_name_actions_and_resources():
    for name, each in statements(ACCESS):
        actions = set(listed(each["Action"]))
        assert not [action for action in actions if "*" in action], (name, each["Sid"])
        if each["Resource"] == "*":
            assert actions <= NO_RESOURCE | VPC, (name, each["Sid"])
        else:
            assert all(
                "${Environment}" in str(resource) or "Ref" in resource or "Fn::GetAtt" in resource
                for resource in listed(each["Resource"])
                if "RawBucket" not in str(resource)
                and "${Bucket}" not in str(resource)
                and "event-source-mapping" not in str(resource)
                and "log-group:*" not in str(resource)
            ), (name, each["Sid"])


def test_functions_and_delivery_run_as_roles_that_are_there():
    names = {role["RoleName"]["Fn::Sub"] for role in of_type(ACCESS, "IAM::Role").values()}
    roles = [each["Role"] for each in of_type(WAY, "Lambda::Function").values()]
    for delivery in of_type(WAY, "KinesisFirehose::DeliveryStream").values():
        roles += [
            delivery["KinesisStreamSourceConfiguration"]["RoleARN"],
            delivery["ExtendedS3DestinationConfiguration"]["RoleARN"],
        ]
    assert {role["Fn::Sub"].rpartition("role/")[2] for role in roles} <= names


def test_everything_is_encrypted_by_the_key():
    for queue in of_type(WAY, "SQS::Queue").values():
        assert queue["KmsMasterKeyId"] == KEY
    for topic in of_type(WAY, "SNS::Topic").values():
        assert topic["KmsMasterKeyId"] == KEY
    for group in of_type(WAY, "Logs::LogGroup").values():
        assert (group["KmsKeyId"], group["RetentionInDays"]) == (KEY, {"Ref": "LogDays"})
    for function in of_type(WAY, "Lambda::Function").values():
        assert function["KmsKeyArn"] == KEY
    [stream] = of_type(WAY, "Kinesis::Stream").values()
    assert stream["StreamEncryption"] == {"EncryptionType": "KMS", "KeyId": KEY}


@pytest.mark.parametrize(
    ("kind", "policy", "member"),
    [
        ("SQS::Queue", "SQS::QueuePolicy", "Queues"),
        ("SNS::Topic", "SNS::TopicPolicy", "Topics"),
    ],
)
def test_nobody_sends_in_plain_http(kind, policy, member):
    policies = of_type(WAY, policy).values()
    for name in of_type(WAY, kind):
        [found] = [each for each in policies if {"Ref": name} in each[member]]
        denied = [each for each in found["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]
        assert [each["Condition"] for each in denied] == [{"Bool": {"aws:SecureTransport": "false"}}], name


def mappings_of(kind: str) -> dict[str, Any]:
    """Source -> the mapping that reads it."""
    sources = of_type(WAY, kind)
    found = of_type(WAY, "Lambda::EventSourceMapping").values()
    by_source = {each["EventSourceArn"]["Fn::GetAtt"][0]: each for each in found}
    return {name: each for name, each in by_source.items() if name in sources}


def test_every_queue_has_dead_letters_that_it_redrives_alone_and_a_function_in_time():
    queues = of_type(WAY, "SQS::Queue")
    functions = of_type(WAY, "Lambda::Function")
    mappings = mappings_of("SQS::Queue")
    assert mappings.keys() == {name for name in queues if "RedrivePolicy" in queues[name]}
    for name, mapping in mappings.items():
        queue = queues[name]
        function = functions[mapping["FunctionName"]["Ref"]]
        # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
        assert int(queue["VisibilityTimeout"]) >= 6 * int(function["Timeout"])
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        dead = queues[queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]]
        [source] = dead["RedriveAllowPolicy"]["sourceQueueArns"]
        assert source["Fn::Sub"].endswith(queue["QueueName"]["Fn::Sub"])


def test_the_stream_of_shows_reaches_redis_and_nothing_of_it_is_given_up_in_silence():
    """What the function calls late, nobody has to keep for it: see ACCEPTED_DAYS."""
    [mapping] = mappings_of("Kinesis::Stream").values()
    function = of_type(WAY, "Lambda::Function")[mapping["FunctionName"]["Ref"]]
    letters = function["Environment"]["Variables"]["MILLRACE_DEAD_LETTERS_URL"]["Ref"]
    assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": {"Fn::GetAtt": [letters, "Arn"]}}}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["MaximumRetryAttempts"] == -1
    assert mapping["MaximumRecordAgeInSeconds"] == load(FUNCTION, names=["keys"]).keys.ACCEPTED_DAYS * 86_400
    [stream] = of_type(WAY, "Kinesis::Stream").values()
    assert mapping["MaximumRecordAgeInSeconds"] < stream["RetentionPeriodHours"] * 3600
    [alarm] = [
        each
        for each in of_type(WAY, "CloudWatch::Alarm").values()
        if (each["Namespace"], each["MetricName"]) == ("AWS/Lambda", "IteratorAge")
    ]
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": mapping["FunctionName"]}]


def test_all_that_counts_in_redis_is_there_only_with_redis():
    for name, each in WAY["Resources"].items():
        of_redis = name.startswith(("PitFeatures", "ListenerEvents"))
        assert (each.get("Condition") == "CountsInRedis") == of_redis, name


def test_the_function_of_the_stream_reads_it_and_sends_its_dead_letters_and_does_no_more():
    """https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html#events-kinesis-permissions"""
    by_service: dict[str, set[str]] = {}
    for name, statement in statements(ACCESS):
        if name == "PitFeaturesRole":
            for action in listed(statement["Action"]):
                by_service.setdefault(action.partition(":")[0], set()).add(action.partition(":")[2])
    assert by_service["kinesis"] == {
        *("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")
    }
    assert by_service["sqs"] == {"DeleteMessage", "GetQueueAttributes", "ReceiveMessage", "SendMessage"}
    # An encrypted stream is decrypted, and an encrypted queue sent to, in the function's name.
    assert by_service["kms"] == {"Decrypt", "GenerateDataKey"}
    own = {each["Sid"]: each["Resource"] for name, each in statements(ACCESS) if name == "PitFeaturesRole"}
    for sid, kind, source in (
        ("ReadTheStream", "Kinesis::Stream", "ShowStream"),
        ("SendDeadLetters", "SQS::Queue", "PitFeaturesDeadLetters"),
    ):
        made = of_type(WAY, kind)[source]
        name = made.get("Name", made.get("QueueName"))["Fn::Sub"]
        pattern = re.split("[:/]", own[sid]["Fn::Sub"])[-1]
        assert fnmatchcase(name.replace("${Tenant}", "main"), pattern), sid


def test_every_queue_stream_and_function_is_watched():
    alarms = of_type(WAY, "CloudWatch::Alarm").values()
    watched = json.dumps([each["Dimensions"] for each in alarms])
    for kind in ("SQS::Queue", "Lambda::Function", "Kinesis::Stream", "KinesisFirehose::DeliveryStream"):
        for name in of_type(WAY, kind):
            assert f'"{name}"' in watched, name
    for each in alarms:
        assert each["TreatMissingData"] == "notBreaching"
        assert each["AlarmActions"] == [{"Ref": "AlarmTopicArn"}]


def test_names_carry_environment_and_tenant():
    for each in WAY["Resources"].values():
        for key, value in each["Properties"].items():
            if key in ("TopicName", "QueueName", "FunctionName", "Name", "AlarmName", "DeliveryStreamName"):
                assert "Ref" in value or value["Fn::Sub"].startswith("millrace-${Environment}-${Tenant}-")


def test_secrets_are_not_echoed_and_every_parameter_is_described():
    assert WAY["Parameters"]["CatalogToken"]["NoEcho"] is True
    for template in (WAY, ACCESS):
        for name, parameter in template["Parameters"].items():
            assert parameter["Description"].strip().endswith("."), name
