"""A running local AWS with Kinesis."""

import pytest

from tests.local.conftest import connect


@pytest.fixture(scope="module")
def kinesis(server):
    return connect(server.endpoint_url, "kinesis")


@pytest.fixture
def stream(kinesis, request):
    """The name of a stream of two shards for this test."""
    name = request.node.name.replace("[", "-").replace("]", "")[:100]
    kinesis.create_stream(StreamName=name, ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 5})
    return name


def iterator(kinesis, stream, shard="shardId-000000000000", type_="TRIM_HORIZON", **options):
    answer = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType=type_, **options)
    return answer["ShardIterator"]


def read(kinesis, token, limit=10_000):
    """What is in a shard behind an iterator, up to where it is now."""
    found = []
    while token:
        answer = kinesis.get_records(ShardIterator=token, Limit=limit)
        found += answer["Records"]
        token = answer.get("NextShardIterator")
        if not answer["Records"]:
            break
    return found


def read_all(kinesis, stream):
    """Records of all shards, by the names of the shards."""
    shards = kinesis.list_shards(StreamName=stream)["Shards"]
    return {s["ShardId"]: read(kinesis, iterator(kinesis, stream, s["ShardId"])) for s in shards}
