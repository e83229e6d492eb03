"""The API over HTTP, as a client of Kubernetes speaks it."""

import json

import httpx
import pytest

from local.aws.kubernetes.api import Api
from local.aws.kubernetes.resources import NAMESPACES
from local.aws.kubernetes.store import Store

JOBS = "/apis/kubeflow.org/v1/namespaces/ml/pytorchjobs"
MERGE = {"content-type": "application/merge-patch+json"}


@pytest.fixture
def client():
    store = Store()
    store.create(NAMESPACES, "", {"metadata": {"name": "ml"}})
    with httpx.Client(
        transport=httpx.WSGITransport(app=Api(store, pods=None)), base_url="http://cluster"
    ) as client:
        yield client


def job(name="train", **spec):
    container = {"name": "pytorch", "image": "tiny:1"}
    spec |= {"pytorchReplicaSpecs": {"Worker": {"template": {"spec": {"containers": [container]}}}}}
    return {
        "apiVersion": "kubeflow.org/v1",
        "kind": "PyTorchJob",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": spec,
    }


@pytest.fixture
def made(client):
    answer = client.post(JOBS, json=job(size=2))
    assert answer.status_code == 201
    return answer.json()


def refused(answer, code, reason):
    """The message of an error."""
    document = answer.json()
    assert (answer.status_code, document["kind"], document["code"]) == (code, "Status", code)
    assert (document["status"], document["reason"]) == ("Failure", reason)
    return document["message"]


def events(client, path=JOBS, **query):
    answer = client.get(path, params={"watch": "1", "timeoutSeconds": "1", **query})
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.text.splitlines()]


def test_an_object_is_made_read_listed_and_deleted(client, made):
    assert client.get(f"{JOBS}/train").json() == made
    found = client.get(JOBS).json()
    assert (found["kind"], found["apiVersion"], found["items"]) == (
        "PyTorchJobList",
        "kubeflow.org/v1",
        [made],
    )
    assert found["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    assert client.get("/apis/kubeflow.org/v1/pytorchjobs").json()["items"] == [made]
    gone = client.delete(f"{JOBS}/train").json()
    assert gone["status"] == "Success"
    assert gone["details"] == {
        "name": "train",
        "group": "kubeflow.org",
        "kind": "pytorchjobs",
        "uid": made["metadata"]["uid"],
    }
    message = refused(client.get(f"{JOBS}/train"), 404, "NotFound")
    assert message == 'pytorchjobs.kubeflow.org "train" not found'


def test_what_is_not_an_object_of_this_place_is_refused(client, made):
    assert "already exists" in refused(client.post(JOBS, json=job()), 409, "AlreadyExists")
    assert "cannot be handled as a PyTorchJob" in refused(
        client.post(JOBS, json={"apiVersion": "v1", "kind": "Pod"}), 400, "BadRequest"
    )
    elsewhere = job("other") | {"metadata": {"name": "other", "namespace": "there"}}
    assert "does not match the namespace" in refused(client.post(JOBS, json=elsewhere), 400, "BadRequest")
    nowhere = client.post(JOBS.replace("/ml/", "/nowhere/"), json=job("other"))
    assert refused(nowhere, 404, "NotFound") == 'namespaces "nowhere" not found'
    assert "is not JSON" in refused(client.post(JOBS, content=b"{"), 400, "BadRequest")
    assert "is a list" in refused(client.post(JOBS, json=[1]), 400, "BadRequest")
    assert refused(client.get("/apis/batch/v1/jobs"), 404, "NotFound")
    assert refused(client.put(JOBS, json=job()), 405, "MethodNotAllowed")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"metadata": {"name": "Train"}}, "metadata.name: Invalid value: 'Train'"),
        (
            {"metadata": {"name": "train", "annotations": {"millrace:dag": "x"}}},
            "metadata.annotations: Invalid value: 'millrace:dag'",
        ),
        ({"metadata": {"name": "train", "labels": {"a": 1}}}, "metadata.labels: Invalid value"),
        ({"metadata": None}, "metadata: Required value"),
        ({"spec": None}, "spec.pytorchReplicaSpecs: Required value"),
        ({"spec": {"pytorchReplicaSpecs": {"Worker": 1}}}, "Worker: Invalid value: it is no object"),
        (
            {"spec": {"pytorchReplicaSpecs": {"Worker": {"replicas": "2"}}}},
            "Invalid value: '2': give 0 to 100; ",
        ),
        (
            {"spec": {"pytorchReplicaSpecs": {"Worker": {}}}},
            "Worker.template.spec.containers: Required value",
        ),
        ({"spec": {"runPolicy": {"backoffLimit": "x"}}}, "spec.pytorchReplicaSpecs: Required value"),
    ],
)
def test_an_object_that_cannot_be_is_refused_with_every_field(client, change, words):
    assert words in refused(client.post(JOBS, json=job() | change), 422, "Invalid")


def test_a_pod_that_cannot_be_is_refused(client):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}
    container = {"name": "a", "resources": {"limits": {"nvidia.com/gpu": "one"}}}
    path = "/api/v1/namespaces/ml/pods"
    message = refused(client.post(path, json=pod | {"spec": {"containers": [container]}}), 422, "Invalid")
    assert "spec.containers[0].image: Required value" in message
    assert "limits[nvidia.com/gpu]: Invalid value: 'one'" in message


def test_a_change_to_what_cannot_be_is_refused(client, made):
    wrong = {
        "spec": {"pytorchReplicaSpecs": {"Worker": {"replicas": -1}}, "elasticPolicy": {"maxReplicas": "x"}}
    }
    message = refused(client.patch(f"{JOBS}/train", json=wrong, headers=MERGE), 422, "Invalid")
    assert "Worker.replicas: Invalid value: -1" in message
    assert "spec.elasticPolicy.maxReplicas: Invalid value: 'x'" in message
    assert client.get(f"{JOBS}/train").json() == made


def test_a_replacement_needs_the_version_that_is_replaced(client, made):
    assert "must be specified" in refused(client.put(f"{JOBS}/train", json=job(size=3)), 422, "Invalid")
    larger = {**made, "spec": {**made["spec"], "size": 3}}
    changed = client.put(f"{JOBS}/train", json=larger).json()
    assert (changed["spec"]["size"], changed["metadata"]["generation"]) == (3, 2)
    refused(client.put(f"{JOBS}/train", json=larger), 409, "Conflict")


def test_patches_merge_or_list_operations(client, made):
    merged = client.patch(f"{JOBS}/train", json={"spec": {"size": 3, "more": 1}}, headers=MERGE).json()
    assert merged["spec"] == {**made["spec"], "size": 3, "more": 1}
    operations = [{"op": "test", "path": "/spec/size", "value": 3}, {"op": "remove", "path": "/spec/more"}]
    form = {"content-type": "application/json-patch+json"}
    patched = client.patch(f"{JOBS}/train", json=operations, headers=form)
    assert patched.json()["spec"] == {**made["spec"], "size": 3}
    refused(
        client.patch(f"{JOBS}/train", json=[{"op": "remove", "path": "/no"}], headers=form), 422, "Invalid"
    )
    refused(client.patch(f"{JOBS}/train", json={"no": "list"}, headers=form), 400, "BadRequest")
    apply = {"content-type": "application/apply-patch+yaml"}
    refused(client.patch(f"{JOBS}/train", json={}, headers=apply), 415, "UnsupportedMediaType")


def test_status_and_the_rest_are_changed_apart(client, made):
    both = {"spec": {"size": 9}, "status": {"phase": "Running"}}
    assert client.patch(f"{JOBS}/train/status", json=both, headers=MERGE).json()["spec"] == made["spec"]
    after = client.patch(f"{JOBS}/train", json=both | {"status": {"phase": "No"}}, headers=MERGE).json()
    assert (after["spec"]["size"], after["status"]) == (9, {"phase": "Running"})
    assert "status" not in client.post(JOBS, json=job("other") | {"status": {"phase": "No"}}).json()


def test_a_deletion_can_be_bound_to_an_object(client, made):
    body = {"preconditions": {"uid": "another"}}
    refused(client.request("DELETE", f"{JOBS}/train", json=body), 409, "Conflict")
    body = {"preconditions": {"resourceVersion": "1"}}
    refused(client.request("DELETE", f"{JOBS}/train", json=body), 409, "Conflict")
    body = {"preconditions": {"uid": made["metadata"]["uid"]}}
    assert client.request("DELETE", f"{JOBS}/train", json=body).json()["status"] == "Success"


def test_a_watch_is_a_line_for_each_change(client, made):
    client.patch(f"{JOBS}/train", json={"spec": {"size": 3}}, headers=MERGE)
    client.delete(f"{JOBS}/train")
    since = made["metadata"]["resourceVersion"]
    found = events(client, resourceVersion=since)
    assert [each["type"] for each in found] == ["MODIFIED", "DELETED"]
    assert found[0]["object"]["spec"]["size"] == 3
    [bookmark] = events(client, resourceVersion=str(int(since) + 2), allowWatchBookmarks="true")
    assert bookmark["type"] == "BOOKMARK"
    assert bookmark["object"]["metadata"] == {"resourceVersion": str(int(since) + 2)}


def test_a_watch_that_cannot_go_on_says_so_in_its_stream(client, made, monkeypatch):
    monkeypatch.setattr("local.aws.kubernetes.store.PATIENCE_SECONDS", 0.1)
    [error] = events(client, resourceVersion="99")
    assert (error["type"], error["object"]["code"]) == ("ERROR", 504)
    refused(client.get(JOBS, params={"watch": "1", "resourceVersion": "x"}), 400, "BadRequest")


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("app=train", ["train"]),
        ("app==train", ["train"]),
        ("app!=train", ["other"]),
        ("app in (train, x)", ["train"]),
        ("app notin (train,x)", ["other"]),
        ("app", ["other", "train"]),
        ("!app", []),
        ("app in (train,other),app!=other", ["train"]),
    ],
)
def test_objects_are_selected_by_label(client, made, selector, names):
    client.post(JOBS, json=job("other"))
    found = client.get(JOBS, params={"labelSelector": selector}).json()["items"]
    assert [each["metadata"]["name"] for each in found] == names


def test_objects_are_selected_by_field(client, made):
    client.post(JOBS, json=job("other"))
    for selector, names in (("metadata.name=train", ["train"]), ("metadata.name!=train", ["other"])):
        found = client.get(JOBS, params={"fieldSelector": selector}).json()["items"]
        assert [each["metadata"]["name"] for each in found] == names
    message = refused(client.get(JOBS, params={"fieldSelector": "spec.size=2"}), 400, "BadRequest")
    assert "field label not supported: spec.size" in message
    refused(client.get(JOBS, params={"labelSelector": "a=b=c"}), 400, "BadRequest")


def test_a_client_can_find_out_what_there_is(client):
    assert client.get("/version").json()["minor"] == "33"
    assert client.get("/version/").json() == client.get("/version").json()
    assert client.get("/api").json()["versions"] == ["v1"]
    [group] = client.get("/apis").json()["groups"]
    assert group["preferredVersion"] == {"groupVersion": "kubeflow.org/v1", "version": "v1"}
    [kind] = client.get("/apis/kubeflow.org/v1").json()["resources"]
    assert (kind["name"], kind["namespaced"]) == ("pytorchjobs", True)
    assert "pods" in {each["name"] for each in client.get("/api/v1").json()["resources"]}
    assert client.get("/api/v1/namespaces/ml").json()["metadata"]["name"] == "ml"
