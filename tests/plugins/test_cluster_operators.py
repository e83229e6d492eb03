"""Where a cluster, its nodes and their volume go, and who may enter it, of a real EC2, EKS and STS."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from include.elastic.zones import ZoneError
from include.settings import settings
from millrace.operators.clusters import FindNetworkOperator

CLUSTER_ROLE = "arn:aws:iam::123456789012:role/cluster"
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:*"}]}


def find(context, cluster="", zone=""):
    task = FindNetworkOperator(task_id="find", cluster=cluster, zone=zone, aws_conn_id=None)
    return task.execute(context)


@pytest.fixture
def subnets(aws):
    """Zone -> the default VPC's subnet in it."""
    found = boto3.client("ec2").describe_subnets()["Subnets"]
    return {each["AvailabilityZone"]: each["SubnetId"] for each in found if each["DefaultForAz"]}


@pytest.fixture
def of_settings(subnets, monkeypatch):
    """The deployment has two subnets."""
    chosen = [subnets["us-east-1a"], subnets["us-east-1b"]]
    monkeypatch.setenv("MILLRACE_SUBNETS", ",".join(chosen))
    settings.cache_clear()
    yield chosen
    settings.cache_clear()


@pytest.fixture
def as_role(aws, monkeypatch):
    """Airflow has the credentials of a session of this role."""

    def assume(name, path="/"):
        document = json.dumps(TRUST)
        made = boto3.client("iam").create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=document)
        arn = made["Role"]["Arn"]
        session = boto3.client("sts").assume_role(RoleArn=arn, RoleSessionName="airflow")["Credentials"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", session["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", session["SecretAccessKey"])
        monkeypatch.setenv("AWS_SESSION_TOKEN", session["SessionToken"])
        return arn

    return assume


def test_without_any_in_the_settings_the_subnets_are_those_of_the_default_vpc(context, subnets):
    found = find(context)
    usable = {zone: subnet for zone, subnet in subnets.items() if zone != "us-east-1e"}
    assert len(usable) < len(subnets)
    assert found["subnets"] == [usable[zone] for zone in sorted(usable)]
    assert found["subnet"] == usable[found["zone"]]
    assert (found["role"], found["security_group"]) == (None, None)


def test_nodes_go_to_the_zone_that_is_given(context, subnets):
    found = find(context, zone="us-east-1c")
    assert (found["zone"], found["subnet"]) == ("us-east-1c", subnets["us-east-1c"])


def test_a_zone_without_subnets_is_refused(context, aws):
    with pytest.raises(
        ZoneError, match=r"no subnet is in eu-west-1a: there are some in us-east-1a, us-east-1b"
    ):
        find(context, zone="eu-west-1a")


def test_subnets_of_the_settings_come_before_those_of_the_default_vpc(context, of_settings):
    found = find(context)
    assert found["subnets"] == of_settings
    assert found["subnet"] in of_settings
    with pytest.raises(
        ZoneError, match="no subnet is in us-east-1c: there are some in us-east-1a, us-east-1b"
    ):
        find(context, zone="us-east-1c")


@pytest.mark.parametrize("path", ["/", "/service-role/"])
def test_the_role_is_the_one_that_a_session_is_of(context, as_role, path):
    """Not the session, of which a cluster knows nothing."""
    arn = as_role(f"airflow-{len(path)}", path)
    assert find(context)["role"] == arn


def test_a_cluster_that_is_there_has_a_security_group(context, aws):
    made = boto3.client("eks").create_cluster(
        name="found", roleArn=CLUSTER_ROLE, resourcesVpcConfig={"securityGroupIds": ["sg-of-somebody-else"]}
    )
    group = find(context, cluster="found")["security_group"]
    assert group == made["cluster"]["resourcesVpcConfig"]["clusterSecurityGroupId"] != "sg-of-somebody-else"


def test_a_cluster_that_is_not_there_is_said_by_aws(context, aws):
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*No cluster found for name: nowhere"):
        find(context, cluster="nowhere")
