"""Elastic training: real torch over Gloo, on a cluster of the local EKS, with scikit-learn's digits."""

import httpx
import pytest

from local.aws.clients import Clients
from local.aws.kubernetes.cluster import Cluster, Node
from local.aws.kubernetes.pods import Machine
from local.aws.kubernetes.store import Store
from local.aws.runtime.addresses import Addresses
from local.aws.runtime.images import ImageStore
from tests.include.jobs.conftest import IMAGES, interpreter
from tests.local.aws.elastic.jobs import Jobs
from tests.local.aws.sagemaker.account import Account


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Of the cluster; ``volumes/default/shared`` is what its pods have at ``/data``."""
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def volume(home):
    return home / "volumes" / "default" / "shared"


@pytest.fixture(scope="module")
def jobs(server, home):
    """A cluster whose pods start again at once."""
    interpreter("elastic")
    environment = Clients(server).acting_for("arn:aws:iam::123456789012:role/pods")
    variables = environment.container_environment("us-east-1")
    machine = Machine(Store(), ImageStore(IMAGES), home, variables, back_off=0.5)
    cluster = Cluster(machine, [Node("node", "p3.8xlarge", "us-east-1a", gpus=4)], Addresses())
    cluster.start()
    try:
        transport = httpx.WSGITransport(app=cluster.api)
        with httpx.Client(transport=transport, base_url="http://cluster", timeout=30) as client:
            yield Jobs(client, Account(server.endpoint_url).furnish(), home)
    finally:
        cluster.stop()


@pytest.fixture(scope="module")
def prepared(jobs):
    """The digits on the volume; what was measured when they were copied."""
    command = ["python3", "prepare.py", "--source", "digits", "--volume", "/data", "--name", "digits"]
    jobs.start("prepare", [*command, "--metrics", jobs.uri("prepare.json")])
    jobs.ended("prepare")
    return jobs.left("prepare.json")


@pytest.fixture(scope="module")
def undisturbed(jobs, prepared):
    """The metrics of a training that nobody disturbed."""
    jobs.train("undisturbed", replicas=1)
    jobs.ended("undisturbed")
    return jobs.left("undisturbed/metrics.json")
