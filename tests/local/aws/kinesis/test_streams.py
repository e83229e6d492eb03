"""Streams and shards: made, described, split, merged, deleted."""

from itertools import pairwise

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.kinesis.conftest import iterator, read, read_all


def test_a_stream_is_described_and_listed(kinesis, stream):
    described = kinesis.describe_stream(StreamName=stream)["StreamDescription"]
    assert (described["StreamStatus"], described["RetentionPeriodHours"]) == ("ACTIVE", 24)
    ranges = [shard["HashKeyRange"] for shard in described["Shards"]]
    assert [(int(r["StartingHashKey"]), int(r["EndingHashKey"])) for r in ranges] == [
        (0, 2**127 - 1),
        (2**127, 2**128 - 1),
    ]
    summary = kinesis.describe_stream_summary(StreamARN=described["StreamARN"])["StreamDescriptionSummary"]
    assert (summary["StreamName"], summary["OpenShardCount"]) == (stream, 2)
    assert stream in kinesis.list_streams()["StreamNames"]
    with pytest.raises(ClientError, match="ResourceInUseException"):
        kinesis.create_stream(StreamName=stream, ShardCount=1)


def test_shards_are_listed_in_pages(kinesis, stream):
    page = kinesis.list_shards(StreamName=stream, MaxResults=1)
    rest = kinesis.list_shards(NextToken=page["NextToken"])
    assert [s["ShardId"][-1] for s in page["Shards"] + rest["Shards"]] == ["0", "1"]
    assert "NextToken" not in rest


def test_a_deleted_stream_takes_its_records_with_it(kinesis, stream):
    kinesis.put_record(StreamName=stream, Data=b"old", PartitionKey="a")
    token = iterator(kinesis, stream)
    kinesis.delete_stream(StreamName=stream)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        kinesis.get_records(ShardIterator=token)
    kinesis.create_stream(StreamName=stream, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert {shard: [] for shard in read_all(kinesis, stream)} == read_all(kinesis, stream)
    assert len(read_all(kinesis, stream)) == 4


def test_a_split_shard_is_read_to_its_end_and_then_its_children(kinesis, stream):
    kinesis.put_record(StreamName=stream, Data=b"before", PartitionKey="a", ExplicitHashKey="0")
    kinesis.split_shard(
        StreamName=stream, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**126)
    )
    for key in (0, 2**126):
        kinesis.put_record(StreamName=stream, Data=b"after", PartitionKey="a", ExplicitHashKey=str(key))
    answer = kinesis.get_records(ShardIterator=iterator(kinesis, stream))
    assert [record["Data"] for record in answer["Records"]] == [b"before"]
    assert "NextShardIterator" not in answer
    children = [child["ShardId"] for child in answer["ChildShards"]]
    assert [read(kinesis, iterator(kinesis, stream, child))[0]["Data"] for child in children] == [
        b"after"
    ] * 2
    shards = {shard["ShardId"]: shard for shard in kinesis.list_shards(StreamName=stream)["Shards"]}
    assert {shards[child]["ParentShardId"] for child in children} == {"shardId-000000000000"}
    assert "EndingSequenceNumber" in shards["shardId-000000000000"]["SequenceNumberRange"]


@pytest.mark.parametrize("count", [1, 3, 4])
def test_a_changed_number_of_shards_shares_out_all_hash_keys(kinesis, stream, count):
    answer = kinesis.update_shard_count(
        StreamName=stream, TargetShardCount=count, ScalingType="UNIFORM_SCALING"
    )
    assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (2, count)
    shards = kinesis.list_shards(StreamName=stream, ShardFilter={"Type": "AT_LATEST"})["Shards"]
    ranges = sorted(
        (int(s["HashKeyRange"]["StartingHashKey"]), int(s["HashKeyRange"]["EndingHashKey"])) for s in shards
    )
    assert len(ranges) == count
    assert (ranges[0][0], ranges[-1][1]) == (0, 2**128 - 1)
    assert all(low[1] + 1 == high[0] for low, high in pairwise(ranges))


def test_shards_that_are_no_neighbours_are_not_merged(kinesis, stream):
    kinesis.update_shard_count(StreamName=stream, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    shards = kinesis.list_shards(StreamName=stream, ShardFilter={"Type": "AT_LATEST"})["Shards"]
    names = [s["ShardId"] for s in sorted(shards, key=lambda s: int(s["HashKeyRange"]["StartingHashKey"]))]
    with pytest.raises(ClientError, match="InvalidArgumentException"):
        kinesis.merge_shards(StreamName=stream, ShardToMerge=names[0], AdjacentShardToMerge=names[2])
    kinesis.merge_shards(StreamName=stream, ShardToMerge=names[1], AdjacentShardToMerge=names[0])
    assert (
        kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["OpenShardCount"] == 3
    )


def test_retention_tags_and_encryption_are_kept(kinesis, stream):
    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=48)
    with pytest.raises(ClientError, match="InvalidArgumentException"):
        kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=24)
    kinesis.add_tags_to_stream(StreamName=stream, Tags={"team": "amp", "gone": "soon"})
    kinesis.remove_tags_from_stream(StreamName=stream, TagKeys=["gone"])
    kinesis.start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    described = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    assert (described["RetentionPeriodHours"], described["EncryptionType"]) == (48, "KMS")
    assert kinesis.list_tags_for_stream(StreamName=stream)["Tags"] == [{"Key": "team", "Value": "amp"}]


def test_names_that_aws_does_not_take_are_refused(kinesis):
    with pytest.raises(ClientError, match="ValidationException"):
        kinesis.create_stream(StreamName="no spaces", ShardCount=1)
