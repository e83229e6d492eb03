"""PyTorchJobs and their pods, as processes: replicas, restarts, scaling, logs and ends."""

import json
import threading

import httpx
import pytest

from local.aws.kubernetes.cluster import Cluster, Node
from local.aws.kubernetes.pods import Machine
from local.aws.kubernetes.store import Store
from local.aws.runtime.addresses import Addresses
from local.aws.runtime.images import ImageStore
from tests.local.aws.conftest import IMAGE_SOURCES
from tests.local.aws.sagemaker.account import IMAGE, until

JOBS = "/apis/kubeflow.org/v1/namespaces/default/pytorchjobs"
PODS = "/api/v1/namespaces/default/pods"
MERGE = {"content-type": "application/merge-patch+json"}
ZONE = "us-east-1a"
WAIT = """
import os, signal, sys, time
from pathlib import Path
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("from", os.environ["HOSTNAME"], flush=True)
while not Path("/shared/go").exists():
    time.sleep(0.05)
print("done", flush=True)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture
def client(home, tmp_path):
    machine = Machine(Store(), ImageStore(home / "images", IMAGE_SOURCES), tmp_path, {}, back_off=0.2)
    nodes = [Node(f"node-{number}", "p3.8xlarge", ZONE, gpus=4) for number in range(2)]
    cluster = Cluster(machine, nodes, Addresses())
    cluster.start()
    try:
        transport = httpx.WSGITransport(app=cluster.api)
        with httpx.Client(transport=transport, base_url="http://cluster", timeout=30) as client:
            yield client
    finally:
        cluster.stop()


def job(code, replicas=2, name="train", container=None, policy=None, **worker):
    run = {
        "name": "pytorch",
        "image": IMAGE,
        "command": ["python", "-c", code],
        "volumeMounts": [{"name": "data", "mountPath": "/shared"}],
        **(container or {}),
    }
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "shared"}}]
    template = {"spec": {"containers": [run], "volumes": volumes}}
    return {
        "apiVersion": "kubeflow.org/v1",
        "kind": "PyTorchJob",
        "metadata": {"name": name},
        "spec": {
            "elasticPolicy": {"minReplicas": 1, "maxReplicas": 3, "maxRestarts": 2, "nProcPerNode": 4},
            "runPolicy": policy or {},
            "pytorchReplicaSpecs": {"Worker": {"replicas": replicas, "template": template, **worker}},
        },
    }


def make(client, *arguments, **options):
    answer = client.post(JOBS, json=job(*arguments, **options))
    assert answer.status_code == 201, answer.text


def status(client, name="train"):
    return client.get(f"{JOBS}/{name}").json().get("status", {})


def holds(found):
    """The conditions that hold."""
    return [each["type"] for each in found.get("conditions", []) if each["status"] == "True"]


def comes_to(client, type_, name="train"):
    return until(lambda: status(client, name), lambda found: type_ in holds(found), 30)


def pods(client):
    """Phase of each pod."""
    found = client.get(PODS).json()["items"]
    return {each["metadata"]["name"]: each.get("status", {}).get("phase") for each in found}


def log(client, pod="train-worker-0", **query):
    return client.get(f"{PODS}/{pod}/log", params=query).text.splitlines()


def touch(tmp_path):
    (tmp_path / "volumes" / "default" / "shared" / "go").touch()


def test_a_job_runs_on_as_many_pods_as_it_has_replicas(client, tmp_path):
    make(client, WAIT)
    comes_to(client, "Running")
    assert pods(client) == {"train-worker-0": "Running", "train-worker-1": "Running"}
    assert status(client)["replicaStatuses"] == {"Worker": {"active": 2}}
    touch(tmp_path)
    ended = comes_to(client, "Succeeded")
    assert holds(ended) == ["Created", "Succeeded"]
    assert ended["startTime"] <= ended["completionTime"]
    until(lambda: pods(client), lambda found: set(found.values()) == {"Succeeded"})
    assert log(client, "train-worker-1") == ["from train-worker-1", "done"]


def test_replicas_find_each_other_by_variables(client):
    make(client, "import json, os; print(json.dumps(dict(os.environ)))", replicas=1)
    comes_to(client, "Succeeded")
    variables = json.loads(log(client)[0])
    assert {name: variables[name] for name in variables if name.startswith("PET_")} == {
        "PET_RDZV_BACKEND": "c10d",
        "PET_RDZV_ENDPOINT": variables["PET_RDZV_ENDPOINT"],
        "PET_RDZV_ID": "train",
        "PET_NNODES": "1:3",
        "PET_NPROC_PER_NODE": "4",
        "PET_MAX_RESTARTS": "2",
    }
    assert variables["PET_RDZV_ENDPOINT"].startswith("127.0.0.1:")


def test_replicas_are_added_and_taken_away_while_it_runs(client):
    make(client, WAIT, replicas=3)
    until(lambda: pods(client), lambda found: list(found.values()) == ["Running"] * 3)
    for replicas in (1, 2):
        spec = {"spec": {"pytorchReplicaSpecs": {"Worker": {"replicas": replicas}}}}
        client.patch(f"{JOBS}/train", json=spec, headers=MERGE).raise_for_status()
        until(lambda: pods(client), lambda found, count=replicas: list(found.values()) == ["Running"] * count)
        assert list(pods(client)) == [f"train-worker-{number}" for number in range(replicas)]


FAILS_ONCE = """
import sys
from pathlib import Path
mark = Path("/shared/mark")
if not mark.exists():
    mark.touch()
    sys.exit("no luck")
print("now it does")
"""


def test_a_container_that_fails_starts_again_in_its_pod(client):
    make(client, FAILS_ONCE, replicas=1)
    comes_to(client, "Succeeded")
    [container] = client.get(f"{PODS}/train-worker-0").json()["status"]["containerStatuses"]
    assert (container["restartCount"], container["state"]["terminated"]["exitCode"]) == (1, 0)
    assert log(client) == ["now it does"]
    assert log(client, previous="true") == ["no luck"]


def test_a_replica_that_is_not_to_start_again_fails_the_job(client):
    make(client, "raise SystemExit(3)", replicas=1, restartPolicy="Never")
    [failed] = [c for c in comes_to(client, "Failed")["conditions"] if c["type"] == "Failed"]
    assert failed["message"] == "PyTorchJob train is failed because 1 Worker replica(s) failed."
    terminated = client.get(f"{PODS}/train-worker-0").json()["status"]["containerStatuses"][0]["state"][
        "terminated"
    ]
    assert (terminated["exitCode"], terminated["reason"]) == (3, "Error")


def test_a_job_fails_that_restarts_too_often_or_takes_too_long(client):
    make(
        client,
        "raise SystemExit(3)",
        replicas=1,
        name="again",
        policy={"backoffLimit": 1, "cleanPodPolicy": "All"},
    )
    make(
        client,
        WAIT,
        replicas=1,
        name="late",
        policy={"activeDeadlineSeconds": 1, "cleanPodPolicy": "Running"},
    )
    for name, why in (("again", "more than backoffLimit 1"), ("late", "longer than activeDeadlineSeconds")):
        assert why in comes_to(client, "Failed", name)["conditions"][-1]["message"]
    until(lambda: pods(client), lambda found: not found)


def test_what_cannot_be_scheduled_waits_and_says_why(client):
    limits = {"resources": {"limits": {"nvidia.com/gpu": 4}}}
    make(client, WAIT, replicas=3, container=limits)
    found = until(
        lambda: pods(client), lambda found: sorted(found.values()) == ["Pending", "Running", "Running"]
    )
    [waiting] = [name for name, phase in found.items() if phase == "Pending"]
    [scheduled] = client.get(f"{PODS}/{waiting}").json()["status"]["conditions"]
    assert scheduled["reason"] == "Unschedulable"
    assert scheduled["message"] == "0/2 nodes are available: 2 Insufficient nvidia.com/gpu."


def test_an_image_that_is_not_there_is_named(client):
    make(client, WAIT, replicas=1, container={"image": "ghost:1"})
    until(lambda: pods(client), bool)
    path = f"{PODS}/train-worker-0"

    def waiting():
        states = client.get(path).json().get("status", {}).get("containerStatuses", [])
        return states[0]["state"].get("waiting") if states else None

    found = until(waiting, bool)
    assert found["reason"] == "ErrImagePull"
    assert "Requested image ghost:1 not found" in found["message"]
    client.delete(f"{JOBS}/train").raise_for_status()
    until(lambda: pods(client), lambda there: not there)


def test_a_job_that_is_deleted_takes_its_pods_with_it(client):
    make(client, WAIT)
    comes_to(client, "Running")
    version = client.get(PODS).json()["metadata"]["resourceVersion"]
    client.delete(f"{JOBS}/train").raise_for_status()
    until(lambda: pods(client), lambda found: not found)
    query = {"watch": "1", "timeoutSeconds": "1", "resourceVersion": version}
    told = [json.loads(line) for line in client.get(PODS, params=query).text.splitlines()]
    assert [each["type"] for each in told].count("DELETED") == 2
    assert "deletionTimestamp" in told[0]["object"]["metadata"]


def test_a_job_that_is_suspended_has_no_pods_until_it_goes_on(client):
    make(client, WAIT)
    comes_to(client, "Running")
    for suspend, type_, count in ((True, "Suspended", 0), (False, "Running", 2)):
        client.patch(f"{JOBS}/train", json={"spec": {"runPolicy": {"suspend": suspend}}}, headers=MERGE)
        until(lambda: pods(client), lambda found, number=count: len(found) == number)
        assert type_ in holds(comes_to(client, type_))


def test_who_follows_a_log_sees_lines_as_they_come(client, tmp_path):
    make(client, WAIT, replicas=1)
    comes_to(client, "Running")
    seen = []
    follower = threading.Thread(target=lambda: seen.extend(log(client, follow="true", timestamps="true")))
    follower.start()
    touch(tmp_path)
    follower.join(20)
    assert [line.partition(" ")[2] for line in seen] == ["from train-worker-0", "done"]
    assert all(line[:4].isdigit() and line.partition(" ")[0].endswith("Z") for line in seen)
    assert log(client, tailLines="1") == ["done"]


def test_a_job_with_other_replicas_than_workers_is_refused(client):
    wrong = job(WAIT)
    wrong["spec"]["pytorchReplicaSpecs"]["Master"] = wrong["spec"]["pytorchReplicaSpecs"]["Worker"]
    client.post(JOBS, json=wrong).raise_for_status()
    assert "give Worker alone" in comes_to(client, "Failed")["conditions"][-1]["message"]
    make(client, WAIT, name="nameless", container={"name": "other"})
    assert "no container named pytorch" in comes_to(client, "Failed", "nameless")["conditions"][-1]["message"]
