"""What one run of elastic_training trains on: made, kept through a restart, taken away in the right order."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from include.cloudformation import Stack
from include.elastic.claims import claim, volume
from include.elastic.stack import GivenCluster, NewCluster, TrainingStack
from local.aws.server import LocalAws
from tests.local.aws.test_eks import ROLE, Account
from tests.local.conftest import ClientOf, connect

NEW = NewCluster(["a", "b"], "arn:aws:iam::123456789012:role/workers")
WANTED = TrainingStack(NEW, "b", "us-east-1b", "p4d.24xlarge", gpus=8, nodes=2, adapters=4)
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"


@pytest.fixture
def run(run):
    return replace(run, dag_id="elastic_training")


@pytest.fixture
def wanted(client: ClientOf) -> TrainingStack:
    """In subnets that there are."""
    every = client("ec2").describe_subnets()["Subnets"]
    zones = {each["AvailabilityZone"]: each["SubnetId"] for each in every}
    cluster = replace(NEW, subnets=[zones["us-east-1a"], zones["us-east-1b"]])
    return replace(WANTED, cluster=cluster, subnet=zones["us-east-1b"])


def make(client: ClientOf, stack: Stack) -> tuple[str, dict[str, str]]:
    """Its id and its outputs."""
    client("cloudformation").create_stack(**stack.request())
    [made] = client("cloudformation").describe_stacks(StackName=stack.name)["Stacks"]
    assert made["StackStatus"] == "CREATE_COMPLETE"
    return made["StackId"], {each["OutputKey"]: each["OutputValue"] for each in made["Outputs"]}


def file_system(client: ClientOf, outputs: dict[str, str]) -> dict[str, Any]:
    [found] = client("fsx").describe_file_systems(FileSystemIds=[outputs["FileSystemId"]])["FileSystems"]
    return found


def api(aws: LocalAws, client: ClientOf, outputs: dict[str, str]) -> httpx.Client:
    """Of the cluster."""
    endpoint = client("eks").describe_cluster(name=outputs["ClusterName"])["cluster"]["endpoint"]
    headers = {"Authorization": f"Bearer {Account(aws).token()}"}
    return httpx.Client(base_url=endpoint, headers=headers, trust_env=False)


def gone(client: ClientOf, stack_id: str) -> list[str]:
    """What was deleted, in this order."""
    events = client("cloudformation").describe_stack_events(StackName=stack_id)["StackEvents"]
    return [
        each["LogicalResourceId"]
        for each in reversed(events)
        if each["ResourceStatus"] == "DELETE_COMPLETE" and each["PhysicalResourceId"] != stack_id
    ]


def test_the_file_system_is_as_fsx_tells_of_it(client, run, wanted):
    _, outputs = make(client, wanted.stack(run))
    found = file_system(client, outputs)
    assert (found["Lifecycle"], found["FileSystemType"]) == ("AVAILABLE", "LUSTRE")
    assert (found["StorageCapacity"], found["FileSystemTypeVersion"]) == (1200, "2.15")
    assert found["DNSName"] == outputs["DnsName"] == f"{found['FileSystemId']}.fsx.us-east-1.amazonaws.com"
    assert found["LustreConfiguration"] == {"DeploymentType": "SCRATCH_2", "MountName": outputs["MountName"]}
    assert found["SubnetIds"] == [outputs["Subnet"]]
    assert (outputs["Zone"], outputs["VolumeGiB"]) == ("us-east-1b", "1200")


def test_nodes_are_in_its_zone_with_their_adapters(client, run, wanted):
    _, outputs = make(client, wanted.stack(run))
    names = {"clusterName": outputs["ClusterName"], "nodegroupName": outputs["NodegroupName"]}
    group = client("eks").describe_nodegroup(**names)["nodegroup"]
    assert group["subnets"] == [outputs["Subnet"]]
    assert group["scalingConfig"] == {"minSize": 1, "maxSize": 2, "desiredSize": 2}
    template = group["launchTemplate"]
    [found] = client("ec2").describe_launch_template_versions(
        LaunchTemplateId=template["id"], Versions=[template["version"]]
    )["LaunchTemplateVersions"]
    cards = found["LaunchTemplateData"]["NetworkInterfaces"]
    assert [(card["InterfaceType"], card["NetworkCardIndex"]) for card in cards] == [
        ("efa", number) for number in range(4)
    ]


@pytest.mark.parametrize("adapters", [0, 1])
def test_without_adapters_nodes_are_as_eks_makes_them(client, run, wanted, adapters):
    stack = replace(wanted, adapters=adapters).stack(run)
    make(client, stack)
    [found] = client("ec2").describe_launch_template_versions(
        LaunchTemplateName=stack.name, Versions=["$Latest"]
    )["LaunchTemplateVersions"]
    assert len(found["LaunchTemplateData"].get("NetworkInterfaces", [])) == adapters
    assert ("Placement" in found["LaunchTemplateData"]) == bool(adapters)


def test_the_cluster_knows_nodes_by_their_label_and_takes_the_volume(aws, client, run, wanted):
    _, outputs = make(client, wanted.stack(run))
    with api(aws, client, outputs) as cluster:
        selected = {"labelSelector": f"millrace/training={outputs['NodegroupName']}"}
        nodes = cluster.get("/api/v1/nodes", params=selected).json()["items"]
        zones = [node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in nodes]
        assert zones == [outputs["Zone"]] * 2
        cluster.post("/api/v1/persistentvolumes", json=volume(outputs)).raise_for_status()
        cluster.post(CLAIMS, json=claim(outputs)).raise_for_status()


def test_the_file_system_goes_first_and_the_cluster_last(client, run, wanted):
    stack = wanted.stack(run)
    stack_id, outputs = make(client, stack)
    client("cloudformation").delete_stack(StackName=stack.name)

    order = gone(client, stack_id)
    assert order.index("FileSystem") < order.index("Nodegroup") < order.index("NewCluster")
    assert order.index("Nodegroup") < order.index("NodeTemplate") < order.index("NewCluster")
    [found] = client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"]
    assert found["StackStatus"] == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="does not exist"):
        client("cloudformation").describe_stacks(StackName=stack.name)
    assert client("eks").list_clusters()["clusters"] == []
    assert client("fsx").describe_file_systems()["FileSystems"] == []
    with pytest.raises(ClientError, match="FileSystemNotFound"):
        file_system(client, outputs)
    assert client("ec2").describe_launch_templates()["LaunchTemplates"] == []
    # Once more is nothing, as on AWS.
    client("cloudformation").delete_stack(StackName=stack.name)


def test_a_file_system_that_somebody_has_deleted_keeps_nothing(client, run, wanted):
    stack = wanted.stack(run)
    stack_id, outputs = make(client, stack)
    client("fsx").delete_file_system(FileSystemId=outputs["FileSystemId"])
    client("cloudformation").delete_stack(StackName=stack.name)
    assert "NewCluster" in gone(client, stack_id)


def test_a_cluster_that_is_given_stays(client, run, wanted):
    client("eks").create_cluster(name="research", roleArn=ROLE, resourcesVpcConfig={})
    stack = replace(wanted, cluster=GivenCluster("research", "sg-0123456789abcdef0")).stack(run)
    _, outputs = make(client, stack)
    assert outputs["ClusterName"] == "research"
    assert client("eks").list_nodegroups(clusterName="research")["nodegroups"] == [stack.name]
    client("cloudformation").delete_stack(StackName=stack.name)
    assert client("eks").list_clusters()["clusters"] == ["research"]
    assert client("eks").list_nodegroups(clusterName="research")["nodegroups"] == []


def test_what_cannot_be_deleted_is_told_and_may_be_tried_again(client, run, wanted):
    stack = wanted.stack(run)
    stack_id, outputs = make(client, stack)
    other = {"clusterName": outputs["ClusterName"], "nodegroupName": "others"}
    client("eks").create_nodegroup(**other, nodeRole=ROLE, subnets=[outputs["Subnet"]])
    client("cloudformation").delete_stack(StackName=stack.name)

    [found] = client("cloudformation").describe_stacks(StackName=stack.name)["Stacks"]
    assert found["StackStatus"] == "DELETE_FAILED"
    events = client("cloudformation").describe_stack_events(StackName=stack.name)["StackEvents"]
    reasons = [each["ResourceStatusReason"] for each in events if each["ResourceStatus"] == "DELETE_FAILED"]
    assert reasons[0] == "The following resource(s) failed to delete: [NewCluster]."
    assert "Cluster has nodegroups attached" in reasons[-1]
    client("eks").delete_nodegroup(**other)
    client("cloudformation").delete_stack(StackName=stack.name)
    assert gone(client, stack_id)[-1] == "NewCluster"
    assert client("eks").list_clusters()["clusters"] == []


def test_all_of_it_is_there_after_a_restart_and_can_be_taken_away(tmp_path, run):
    def started() -> LocalAws:
        return LocalAws(tmp_path / "aws", tmp_path / "images")

    def client_of(aws: LocalAws) -> ClientOf:
        return lambda service: connect(aws.endpoint_url, service)

    with started() as aws:
        client = client_of(aws)
        [subnet] = [
            each["SubnetId"]
            for each in client("ec2").describe_subnets()["Subnets"]
            if each["AvailabilityZone"] == "us-east-1b"
        ]
        stack = replace(WANTED, subnet=subnet).stack(run)
        stack_id, outputs = make(client, stack)
        before = file_system(client, outputs)
    with started() as aws:
        client = client_of(aws)
        assert file_system(client, outputs) == before
        with api(aws, client, outputs) as cluster:
            assert len(cluster.get("/api/v1/nodes").json()["items"]) == 2
        client("cloudformation").delete_stack(StackName=stack.name)
        assert gone(client, stack_id)[-1] == "NewCluster"
        assert client("fsx").describe_file_systems()["FileSystems"] == []


def test_what_cannot_be_made_leaves_nothing_behind(client, run, wanted):
    stack = wanted.stack(run)
    stack = replace(stack, parameters={**stack.parameters, "VolumeGiB": "3600"})
    client("cloudformation").create_stack(**stack.request())
    [found] = client("cloudformation").describe_stacks(StackName=stack.name)["Stacks"]
    assert (found["StackStatus"], found.get("Outputs", [])) == ("ROLLBACK_COMPLETE", [])
    events = client("cloudformation").describe_stack_events(StackName=stack.name)["StackEvents"]
    [failed] = [each for each in events if each["ResourceStatus"] == "CREATE_FAILED"]
    assert failed["LogicalResourceId"] == "FileSystem"
    assert "Invalid storage capacity 3600" in failed["ResourceStatusReason"]
    assert client("eks").list_clusters()["clusters"] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"StorageCapacity": 3600}, "BadRequest.*Invalid storage capacity 3600"),
        ({"SubnetIds": ["subnet-0123456789"]}, "InvalidNetworkSettings.*'subnet-0123456789' does not exist"),
        ({"LustreConfiguration": {"DeploymentType": "PERSISTENT_2"}}, "PerUnitStorageThroughput is required"),
    ],
)
def test_fsx_refuses_what_it_does_not_make(client, wanted, change, message):
    request = {
        "FileSystemType": "LUSTRE",
        "StorageCapacity": 1200,
        "SubnetIds": [wanted.subnet],
        "LustreConfiguration": {"DeploymentType": "SCRATCH_2"},
    }
    with pytest.raises(ClientError, match=message):
        client("fsx").create_file_system(**request | change)
    assert client("fsx").describe_file_systems()["FileSystems"] == []
