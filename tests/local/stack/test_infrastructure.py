"""The template makes the laptop's resources through CloudFormation, as it makes those of an account."""

import json
from dataclasses import replace

import pytest

from include.elastic.stack import NewCluster, TrainingStack
from include.settings import Settings
from local.stack import environment, infrastructure
from local.stack.config import Ports, StackConfig
from local.stack.errors import MillraceError, NotRunningError


@pytest.fixture(scope="module")
def outputs(config):
    return infrastructure.provision(config)


def test_the_outputs_are_what_the_settings_take(config, outputs, monkeypatch):
    for name, value in environment.millrace(config, outputs).items():
        monkeypatch.setenv(name, value)
    assert Settings().bucket == infrastructure.bucket(outputs) == "millrace-local-123456789012-us-east-1"


def test_provisioning_again_changes_nothing(config, outputs):
    client = infrastructure.client(config, "s3")
    client.put_object(Bucket=outputs["Bucket"], Key="kept", Body=b"1")
    assert infrastructure.provision(config) == outputs
    assert client.get_object(Bucket=outputs["Bucket"], Key="kept")["Body"].read() == b"1"


def test_a_newer_template_changes_what_is_new_in_it(config, outputs, tmp_path):
    """As after an update of this project: a policy that names the table has one action more."""
    newer = infrastructure.TEMPLATE.read_text().replace("cloudwatch:GetMetricData", "cloudwatch:GetMetric*")
    (tmp_path / "newer.yaml").write_text(newer)
    client = infrastructure.client(config, "dynamodb")
    item = {"kind": {"S": "user"}, "name": {"S": "ada"}}
    client.put_item(TableName=outputs["WarehouseAccessTable"], Item=item)
    for template in (tmp_path / "newer.yaml", infrastructure.TEMPLATE):
        assert infrastructure.provision(config, template) == outputs
    assert client.get_item(TableName=outputs["WarehouseAccessTable"], Key=item)["Item"] == item


def test_the_bucket_is_encrypted_private_and_versioned(config, outputs):
    client = infrastructure.client(config, "s3")
    bucket = outputs["Bucket"]
    assert client.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    access = client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert len(access) == 4
    assert all(access.values())
    stored = client.put_object(Bucket=bucket, Key="a", Body=b"1")
    assert (stored["ServerSideEncryption"], stored["SSEKMSKeyId"]) == ("aws:kms", outputs["OutputKmsKey"])


def test_state_changes_of_jobs_go_to_the_events_topic(config, outputs):
    client = infrastructure.client(config, "events")
    rule = client.describe_rule(Name="millrace-local-job-state")
    assert rule["State"] == "ENABLED"
    sources = json.loads(rule["EventPattern"])["source"]
    assert sources == [
        "aws.emr-containers",
        "aws.sagemaker",
        "aws.transcribe",
        "aws.glue",
        "aws.redshift-data",
    ]
    [target] = client.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"] == outputs["EventsTopicArn"]


def test_alarms_tell_the_topic_of_failures(config, outputs):
    alarms = infrastructure.client(config, "cloudwatch").describe_alarms()["MetricAlarms"]
    assert len(alarms) == 4
    assert {action for alarm in alarms for action in alarm["AlarmActions"]} == {outputs["FailuresTopicArn"]}


def test_two_environments_share_an_account(config, outputs):
    other = StackConfig(home=config.home, ports=config.ports, environment="trial")
    both = dict(infrastructure.provision(other).items() & outputs.items())
    # What every cluster has by these names is its own.
    assert both.keys() == {"WarehouseDatabase", "WarehouseUser"}


def test_a_template_that_is_none_is_a_clear_error(config, tmp_path):
    template = tmp_path / "broken.yaml"
    template.write_text("Resources:\n  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: 'no name'}}\n")
    other = StackConfig(home=config.home, ports=config.ports, environment="broken")
    with pytest.raises(MillraceError, match=r"broken\.yaml failed: Queue: .*alphanumeric"):
        infrastructure.provision(other, template)


def test_no_server_is_told_as_not_running(tmp_path):
    with pytest.raises(NotRunningError, match="run `millrace up`"):
        infrastructure.outputs(StackConfig(home=tmp_path, ports=Ports(aws=1)))


def test_an_output_that_is_missing_is_named():
    with pytest.raises(MillraceError, match="no output named Bucket"):
        infrastructure.bucket({"RoleArn": "arn"})


def test_the_roles_are_those_that_runs_of_elastic_training_ask_for(config, outputs, monkeypatch, run):
    for name, value in environment.millrace(config, outputs).items():
        monkeypatch.setenv(name, value)
    run = replace(run, settings=Settings(), dag_id="elastic_training")
    cluster = NewCluster(["subnet-a", "subnet-b"], None)
    stack = TrainingStack(cluster, "subnet-a", "us-east-1a", "g5.xlarge", gpus=1, nodes=1).stack(run)
    asked = {value for name, value in stack.parameters.items() if name.endswith("RoleArn") and value}
    client = infrastructure.client(config, "iam")
    there = {role["Arn"] for page in client.get_paginator("list_roles").paginate() for role in page["Roles"]}
    assert len(asked) == 3
    assert asked | {stack.role_arn} <= there
    node = stack.parameters["NodeRoleArn"].rpartition("/")[2]
    attached = client.list_attached_role_policies(RoleName=node)["AttachedPolicies"]
    assert "AmazonEKSWorkerNodePolicy" in {policy["PolicyName"] for policy in attached}
