"""EKS: clusters that answer who has a token, node groups as nodes, and what outlives the server."""

import base64
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError
from botocore.signers import RequestSigner

from local.aws.server import LocalAws
from tests.local.aws.conftest import IMAGE_SOURCES
from tests.local.aws.sagemaker.account import IMAGE, until

ROLE = "arn:aws:iam::123456789012:role/cluster"
JOBS = "/apis/kubeflow.org/v1/namespaces/default/pytorchjobs"
WAITS = """
import time
from pathlib import Path
with open("/shared/starts", "a") as file:
    file.write("x")
while not Path("/shared/go").exists():
    time.sleep(0.05)
"""


@pytest.fixture(autouse=True)
def images(monkeypatch):
    monkeypatch.setenv("MILLRACE_IMAGE_SOURCES", str(IMAGE_SOURCES))


class Account:
    """Who makes a cluster and asks it."""

    def __init__(self, aws):
        self.session = boto3.Session("AKIATEST", "secret", region_name="us-east-1")
        self.eks, self.ec2, self.sts = (
            self.session.client(name, endpoint_url=aws.endpoint_url) for name in ("eks", "ec2", "sts")
        )

    def make(self):
        self.eks.create_cluster(name="research", roleArn=ROLE, resourcesVpcConfig={})
        zones = {s["AvailabilityZone"]: s["SubnetId"] for s in self.ec2.describe_subnets()["Subnets"]}
        self.eks.create_nodegroup(
            clusterName="research",
            nodegroupName="gpus",
            nodeRole=ROLE,
            subnets=[zones["us-east-1b"]],
            scalingConfig={"minSize": 1, "maxSize": 2, "desiredSize": 2},
            instanceTypes=["p4d.24xlarge"],
        )

    def token(self, header="x-k8s-aws-id"):
        """As `aws eks get-token` makes it."""
        signer = RequestSigner(
            self.sts.meta.service_model.service_id,
            "us-east-1",
            "sts",
            "v4",
            self.session.get_credentials(),
            self.session.events,
        )
        request = {
            "method": "GET",
            "url": f"{self.sts.meta.endpoint_url}/?Action=GetCallerIdentity&Version=2011-06-15",
            "body": {},
            "headers": {header: "research"},
            "context": {},
        }
        signed = signer.generate_presigned_url(
            request, region_name="us-east-1", expires_in=60, operation_name=""
        )
        return "k8s-aws-v1." + base64.urlsafe_b64encode(signed.encode()).decode().rstrip("=")

    def cluster(self, token=None):
        """A client of the cluster's API."""
        endpoint = self.eks.describe_cluster(name="research")["cluster"]["endpoint"]
        headers = {"Authorization": f"Bearer {token or self.token()}"}
        return httpx.Client(base_url=endpoint, headers=headers, trust_env=False)


@pytest.fixture
def account(tmp_path):
    with LocalAws(tmp_path / "aws", tmp_path / "images") as aws:
        account = Account(aws)
        account.make()
        yield account


def test_a_node_group_is_nodes_of_its_type_in_its_zone(account):
    with account.cluster() as cluster:
        nodes = cluster.get("/api/v1/nodes").json()["items"]
        assert [node["metadata"]["name"] for node in nodes] == ["gpus-0", "gpus-1"]
        assert {node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in nodes} == {"us-east-1b"}
        assert nodes[0]["status"]["capacity"] == {"nvidia.com/gpu": "8", "vpc.amazonaws.com/efa": "4"}
        account.eks.delete_nodegroup(clusterName="research", nodegroupName="gpus")
        assert cluster.get("/api/v1/nodes").json()["items"] == []


def names(cluster):
    return [node["metadata"]["name"] for node in cluster.get("/api/v1/nodes").json()["items"]]


def test_a_node_group_grows_and_shrinks_within_its_bounds(account):
    group = {"clusterName": "research", "nodegroupName": "gpus"}

    def resize(size):
        account.eks.update_nodegroup_config(**group, scalingConfig={"desiredSize": size})

    with account.cluster() as cluster:
        resize(1)
        assert names(cluster) == ["gpus-0"]
        resize(2)
        assert names(cluster) == ["gpus-0", "gpus-1"]
        with pytest.raises(ClientError, match=r"desired capacity 3 has to be between .* 1 and .* 2"):
            resize(3)
        assert names(cluster) == ["gpus-0", "gpus-1"]


def test_a_group_goes_though_one_of_its_nodes_is_lost(account):
    with account.cluster() as cluster:
        cluster.delete("/api/v1/nodes/gpus-1").raise_for_status()
        account.eks.delete_nodegroup(clusterName="research", nodegroupName="gpus")
        assert names(cluster) == []


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("", "give a bearer token"),
        ("k8s-aws-v1.bm8", "no signed address"),
        ("k8s-aws-v1.%%%", "no signed address"),
    ],
)
def test_who_has_no_token_is_refused(account, token, words):
    with account.cluster(token or "none") as cluster:
        answer = cluster.get("/api/v1/nodes")
    assert (answer.status_code, answer.json()["reason"]) == (401, "Unauthorized")
    assert words in answer.json()["message"]


def test_a_web_page_is_refused_whatever_it_has(account):
    with account.cluster() as cluster:
        answer = cluster.get("/version", headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, answer.json()["reason"]) == (401, "Unauthorized")
    assert "not for web pages" in answer.json()["message"]


def test_a_token_is_for_a_cluster(account):
    with account.cluster(account.token(header="x-other")) as cluster:
        assert "with the header x-k8s-aws-id" in cluster.get("/version").json()["message"]


def test_a_cluster_that_is_deleted_is_gone(account):
    with account.cluster() as cluster:
        account.eks.delete_nodegroup(clusterName="research", nodegroupName="gpus")
        account.eks.delete_cluster(name="research")
        answer = cluster.get("/version")
    assert answer.status_code == 404
    assert answer.json()["message"] == "there is no cluster research in us-east-1"


def test_what_runs_is_started_again_with_the_server(tmp_path):
    container = {
        "name": "pytorch",
        "image": IMAGE,
        "command": ["python", "-c", WAITS],
        "volumeMounts": [{"name": "data", "mountPath": "/shared"}],
    }
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "shared"}}]
    worker = {"replicas": 1, "template": {"spec": {"containers": [container], "volumes": volumes}}}
    job = {
        "apiVersion": "kubeflow.org/v1",
        "kind": "PyTorchJob",
        "metadata": {"name": "train"},
        "spec": {"pytorchReplicaSpecs": {"Worker": worker}},
    }
    shared = tmp_path / "aws" / "kubernetes" / "us-east-1" / "research" / "volumes" / "default" / "shared"
    with LocalAws(tmp_path / "aws", tmp_path / "images") as aws:
        account = Account(aws)
        account.make()
        with account.cluster() as cluster:
            cluster.post(JOBS, json=job).raise_for_status()
        until(lambda: starts(shared), bool)
    assert starts(shared) == "x"
    with LocalAws(tmp_path / "aws", tmp_path / "images") as aws, Account(aws).cluster() as cluster:
        until(lambda: starts(shared), lambda found: found == "xx")
        (shared / "go").touch()
        holds = until(
            lambda: {c["type"] for c in cluster.get(f"{JOBS}/train").json()["status"]["conditions"]},
            lambda found: "Succeeded" in found,
        )
        assert "Failed" not in holds


def starts(shared: Path) -> str:
    file = shared / "starts"
    return file.read_text() if file.exists() else ""
