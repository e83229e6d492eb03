"""The cluster and the first items of the access table: made once, and left alone from then on."""

import json

import pytest

from local.stack import infrastructure, warehouse
from local.stack.errors import MillraceError


@pytest.fixture(scope="module")
def outputs(config):
    made = infrastructure.provision(config)
    warehouse.provide(config, made)
    return made


def items(config, outputs):
    client = infrastructure.client(config, "dynamodb")
    return client.scan(TableName=outputs["WarehouseAccessTable"])["Items"]


def test_the_cluster_is_the_one_of_the_settings_and_reads_the_lake(config, outputs):
    [cluster] = infrastructure.client(config, "redshift").describe_clusters(
        ClusterIdentifier=outputs["WarehouseCluster"]
    )["Clusters"]
    assert (cluster["DBName"], cluster["MasterUsername"]) == ("dev", "awsuser")
    assert [role["IamRoleArn"] for role in cluster["IamRoles"]] == [outputs["WarehouseRoleArn"]]


def test_the_first_items_are_put_once(config, outputs):
    expected = {(item["kind"], item["name"]) for item in json.loads(warehouse.ITEMS.read_text())}
    assert {(item["kind"]["S"], item["name"]["S"]) for item in items(config, outputs)} == expected
    client = infrastructure.client(config, "dynamodb")
    key = {"kind": {"S": "user"}, "name": {"S": "grace"}}
    client.delete_item(TableName=outputs["WarehouseAccessTable"], Key=key)
    warehouse.provide(config, outputs)
    assert len(items(config, outputs)) == len(expected) - 1


def test_what_the_local_aws_refuses_is_told_with_its_reason(config, outputs):
    refused = {**outputs, "WarehouseAccessTable": "nowhere"}
    with pytest.raises(MillraceError, match="The warehouse millrace-local-warehouse cannot be made"):
        warehouse.provide(config, refused)
