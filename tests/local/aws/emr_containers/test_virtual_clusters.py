import pytest
from botocore.exceptions import ClientError

from tests.local.aws.emr_containers.account import until


def refused(call, **request):
    with pytest.raises(ClientError) as error:
        call(**request)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def ids(account, **filters):
    return [cluster["id"] for cluster in account.emr.list_virtual_clusters(**filters)["virtualClusters"]]


def test_a_virtual_cluster_is_described_and_listed(account):
    id_ = account.new_cluster("described", tags={"team": "ml"})
    cluster = account.emr.describe_virtual_cluster(id=id_)["virtualCluster"]
    assert cluster["arn"].endswith(f":/virtualclusters/{id_}")
    assert (cluster["state"], cluster["name"], cluster["tags"]) == ("RUNNING", "described", {"team": "ml"})
    assert cluster["containerProvider"]["info"]["eksInfo"] == {"namespace": "described"}
    assert id_ in ids(account, containerProviderId="eks", states=["RUNNING"])
    assert ids(account, containerProviderId="another") == []


def test_pages_of_virtual_clusters_are_all_of_them(account):
    made = {account.new_cluster(f"page-{n}") for n in range(3)}
    pages = account.emr.get_paginator("list_virtual_clusters").paginate(PaginationConfig={"PageSize": 2})
    found = [cluster["id"] for page in pages for cluster in page["virtualClusters"]]
    assert made <= set(found)
    assert len(found) == len(set(found))


def test_a_token_makes_one_virtual_cluster(account):
    assert account.new_cluster("token") == account.new_cluster("token")
    code, message = refused(account.new_cluster, namespace="other", clientToken="token")
    assert (code, "'token' was used with other parameters" in message) == ("ValidationException", True)


def test_a_namespace_has_one_virtual_cluster_at_a_time(account):
    first = account.new_cluster("taken")
    assert refused(account.new_cluster, namespace="taken", clientToken="second") == (
        "ValidationException",
        f"A virtual cluster already exists in the given namespace: {first} in namespace 'taken' of eks.",
    )
    account.emr.delete_virtual_cluster(id=first)
    assert account.new_cluster("taken", clientToken="second") != first


def test_on_a_deleted_virtual_cluster_nothing_runs(account):
    id_ = account.new_cluster("deleted")
    account.emr.delete_virtual_cluster(id=id_)
    assert account.emr.describe_virtual_cluster(id=id_)["virtualCluster"]["state"] == "TERMINATED"
    request = account.request("late", virtualClusterId=id_)
    assert refused(account.emr.start_job_run, **request) == (
        "ValidationException",
        f"Virtual cluster {id_} is TERMINATED: it has to be RUNNING.",
    )


def test_a_busy_virtual_cluster_is_not_deleted(account):
    id_ = account.new_cluster("busy")
    request = account.request("keeps-it-busy", "import time; time.sleep(60)", virtualClusterId=id_)
    job = account.emr.start_job_run(**request)["id"]
    code, message = refused(account.emr.delete_virtual_cluster, id=id_)
    assert (code, job in message) == ("ValidationException", True)
    account.emr.cancel_job_run(virtualClusterId=id_, id=job)
    describe = account.emr.describe_job_run
    until(
        lambda: describe(virtualClusterId=id_, id=job)["jobRun"]["state"], lambda state: state == "CANCELLED"
    )
    account.emr.delete_virtual_cluster(id=id_)


def test_what_is_not_there_is_not_found(account):
    assert refused(account.emr.describe_virtual_cluster, id="nowhere") == (
        "ResourceNotFoundException",
        "Virtual cluster nowhere doesn't exist.",
    )
    assert refused(account.emr.delete_virtual_cluster, id="nowhere")[0] == "ValidationException"
