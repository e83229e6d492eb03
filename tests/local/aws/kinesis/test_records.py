"""Records: which shard, which order, from where they are read."""

import hashlib
import time
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.kinesis.conftest import iterator, read, read_all

FIRST, SECOND = "shardId-000000000000", "shardId-000000000001"


def refused(call, **request):
    with pytest.raises(ClientError) as raised:
        call(**request)
    return raised.value.response["Error"]["Code"]


def test_a_record_goes_to_the_shard_of_its_key_and_is_had_back(kinesis, stream):
    keys = [f"user-{number}" for number in range(50)]
    records = [{"Data": key.encode() * 3, "PartitionKey": key} for key in keys]
    answer = kinesis.put_records(StreamName=stream, Records=records)
    assert answer["FailedRecordCount"] == 0
    expected = {
        key: FIRST if int(hashlib.md5(key.encode()).hexdigest(), 16) < 2**127 else SECOND for key in keys
    }
    assert [one["ShardId"] for one in answer["Records"]] == list(expected.values())
    assert set(expected.values()) == {FIRST, SECOND}
    found = read_all(kinesis, stream)
    assert {r["PartitionKey"]: shard for shard, records in found.items() for r in records} == expected
    assert all(r["Data"] == r["PartitionKey"].encode() * 3 for records in found.values() for r in records)


def test_an_explicit_hash_key_goes_before_the_partition_key(kinesis, stream):
    for hash_key, shard in (
        ("0", FIRST),
        (str(2**127 - 1), FIRST),
        (str(2**127), SECOND),
        (str(2**128 - 1), SECOND),
    ):
        answer = kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="a", ExplicitHashKey=hash_key)
        assert answer["ShardId"] == shard
    assert (
        refused(
            kinesis.put_record, StreamName=stream, Data=b"x", PartitionKey="a", ExplicitHashKey=str(2**128)
        )
        == "InvalidArgumentException"
    )


def test_records_of_a_shard_have_growing_sequence_numbers_and_keep_their_order(kinesis, stream):
    numbers = []
    for call in range(5):
        records = [{"Data": b"%d" % (call * 100 + i), "PartitionKey": "same"} for i in range(100)]
        answer = kinesis.put_records(StreamName=stream, Records=records)
        numbers += [one["SequenceNumber"] for one in answer["Records"]]
    assert numbers == sorted(numbers) == sorted(numbers, key=int)
    assert len(set(numbers)) == 500
    shard = answer["Records"][0]["ShardId"]
    found = read(kinesis, iterator(kinesis, stream, shard), limit=7)
    assert [int(record["Data"]) for record in found] == list(range(500))
    assert [record["SequenceNumber"] for record in found] == numbers


def test_every_type_of_iterator_begins_where_it_says(kinesis, stream):
    put = [kinesis.put_record(StreamName=stream, Data=b"%d" % i, PartitionKey="same") for i in range(2)]
    shard = put[0]["ShardId"]
    time.sleep(0.05)
    between = datetime.now(UTC)
    time.sleep(0.05)
    latest = iterator(kinesis, stream, shard, "LATEST")
    put.append(kinesis.put_record(StreamName=stream, Data=b"2", PartitionKey="same"))

    def data(type_, **options):
        return [int(r["Data"]) for r in read(kinesis, iterator(kinesis, stream, shard, type_, **options))]

    second = put[1]["SequenceNumber"]
    assert data("TRIM_HORIZON") == [0, 1, 2]
    assert data("AT_SEQUENCE_NUMBER", StartingSequenceNumber=second) == [1, 2]
    assert data("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=second) == [2]
    assert data("AT_TIMESTAMP", Timestamp=between) == [2]
    assert [int(record["Data"]) for record in read(kinesis, latest)] == [2]
    assert data("LATEST") == []


def test_how_far_behind_a_reader_is(kinesis, stream):
    put = [kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="same") for _ in range(3)]
    time.sleep(0.3)
    answer = kinesis.get_records(ShardIterator=iterator(kinesis, stream, put[0]["ShardId"]), Limit=1)
    assert answer["MillisBehindLatest"] >= 300
    answer = kinesis.get_records(ShardIterator=answer["NextShardIterator"])
    assert (len(answer["Records"]), answer["MillisBehindLatest"]) == (2, 0)
    arrived = answer["Records"][0]["ApproximateArrivalTimestamp"]
    assert abs((datetime.now(UTC) - arrived).total_seconds()) < 60


def test_an_answer_has_at_most_ten_mebibytes(kinesis, stream):
    big = [{"Data": bytes(1_000_000), "PartitionKey": "same"}] * 8
    shard = kinesis.put_records(StreamName=stream, Records=big)["Records"][0]["ShardId"]
    kinesis.put_records(StreamName=stream, Records=big)
    answer = kinesis.get_records(ShardIterator=iterator(kinesis, stream, shard))
    assert len(answer["Records"]) == 10
    assert len(read(kinesis, answer["NextShardIterator"])) == 6


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([{"Data": bytes(1 << 20), "PartitionKey": "a"}], "ValidationException"),
        ([{"Data": bytes(1_000_000), "PartitionKey": "a"}] * 11, "InvalidArgumentException"),
        ([{"Data": b"x", "PartitionKey": "a" * 257}], "ValidationException"),
        ([{"Data": b"x", "PartitionKey": "a"}] * 501, "ValidationException"),
    ],
)
def test_what_is_too_much_is_refused_as_a_whole(kinesis, stream, records, code):
    good = [{"Data": b"good", "PartitionKey": "a"}]
    assert (
        refused(kinesis.put_records, StreamName=stream, Records=good + records[:500] + records[501:]) == code
    )
    assert not any(read_all(kinesis, stream).values())


def test_what_is_not_there_is_refused(kinesis, stream):
    assert (
        refused(kinesis.put_record, StreamName="none", Data=b"x", PartitionKey="a")
        == "ResourceNotFoundException"
    )
    assert refused(kinesis.get_records, ShardIterator="none") == "InvalidArgumentException"
    shard = {"StreamName": stream, "ShardIteratorType": "LATEST", "ShardId": "shardId-000000000009"}
    assert refused(kinesis.get_shard_iterator, **shard) == "ResourceNotFoundException"
    at = {"StreamName": stream, "ShardId": FIRST, "ShardIteratorType": "AT_SEQUENCE_NUMBER"}
    assert (
        refused(kinesis.get_shard_iterator, **at, StartingSequenceNumber="12") == "InvalidArgumentException"
    )
    assert refused(kinesis.get_shard_iterator, **at) == "InvalidArgumentException"
    assert (
        refused(
            kinesis.subscribe_to_shard,
            ConsumerARN="arn:aws:kinesis:us-east-1:123456789012:stream/s/consumer/c:1",
            ShardId=FIRST,
            StartingPosition={"Type": "LATEST"},
        )
        == "NotImplemented"
    )
