"""Records become objects: when, under which keys, and never less than once."""

import re
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.local.aws.firehose.account import LATER

REPOSITORY = Path(__file__).parents[4]
KEY = re.compile(r"\d{4}/\d\d/\d\d/\d\d/[a-z0-9-]+-1(-\d\d){0}-\d{4}(-\d\d){5}-[0-9a-f-]{36}\.gz")


def test_objects_have_the_layout_that_the_amp_lake_reads(account, name, monkeypatch):
    for folder in ("amp_lake", "shared", "datasets"):
        monkeypatch.syspath_prepend(str(REPOSITORY / "include" / "jobs" / folder))
    from arrived_objects import hour_of  # noqa: PLC0415  # a job's modules are found by plain names

    account.make(name, CompressionFormat="GZIP")
    before = datetime.now(UTC)
    account.put(name, '{"n":1}', '{"n":2}')
    account.delivered(name, 2)
    [(key, body)] = account.objects(name).items()
    assert body == b'{"n":1}\n{"n":2}\n'
    assert KEY.fullmatch(key)
    assert key.split("/")[-1].startswith(f"{name}-1-{before:%Y-%m-%d}-")
    assert hour_of(key) in {f"{moment:%Y/%m/%d/%H}" for moment in (before, datetime.now(UTC))}


def test_a_full_buffer_is_delivered_before_its_time(account, name):
    account.make(name, BufferingHints=LATER)
    account.put(name, "small")
    time.sleep(2)  # twice as long as it takes to look
    assert account.objects(name) == {}
    account.put(name, *["x" * 500_000] * 2, "y" * 100_000)
    found = account.delivered(name, 4)
    assert [len(line) for line in found] == [5, 500_000, 500_000, 100_000]


def test_records_are_put_together_without_a_delimiter_unless_one_is_asked_for(account, name):
    account.make(name, processors=())
    account.firehose.put_record(DeliveryStreamName=name, Record={"Data": b"a\n"})
    account.put(name, "b\n")
    assert sorted(account.delivered(name, 2)) == ["a", "b"]


def test_records_wait_for_a_bucket_that_is_gone(account, name):
    account.make(name)
    account.s3.delete_bucket(Bucket=name)
    account.put(name, "1")
    time.sleep(2)
    account.s3.create_bucket(Bucket=name)
    assert account.delivered(name, 1) == ["1"]


def test_a_stream_of_kinesis_is_delivered_from_where_it_was_when_the_delivery_began(account, name):
    account.kinesis.create_stream(StreamName=name, ShardCount=3)
    account.kinesis.put_record(StreamName=name, Data=b"early", PartitionKey="a")
    account.make(name, source=name, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 2})
    for start in range(0, 2000, 500):
        records = [{"Data": b"%d" % n, "PartitionKey": str(n % 20)} for n in range(start, start + 500)]
        account.kinesis.put_records(StreamName=name, Records=records)
    found = [int(line) for line in account.delivered(name, 2000)]
    assert sorted(found) == list(range(2000))
    assert all(own == sorted(own) for key in range(20) for own in [[n for n in found if n % 20 == key]])


def test_a_split_shard_and_its_children_are_delivered_in_order(account, name):
    account.kinesis.create_stream(StreamName=name, ShardCount=1)
    # Objects of different seconds sort by their keys.
    account.make(name, source=name, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 2})
    for number in range(10):
        if number == 5:
            account.kinesis.update_shard_count(
                StreamName=name, TargetShardCount=2, ScalingType="UNIFORM_SCALING"
            )
        account.kinesis.put_record(StreamName=name, Data=b"%d" % number, PartitionKey="same")
    assert account.delivered(name, 10) == list(map(str, range(10)))


@pytest.mark.parametrize("compression", ["GZIP", "UNCOMPRESSED"])
def test_source_records_are_backed_up_as_they_came(account, name, compression):
    account.s3.create_bucket(Bucket=f"{name}-backup")
    account.make(
        name,
        S3BackupMode="Enabled",
        S3BackupConfiguration={
            "RoleARN": account.role,
            "BucketARN": f"arn:aws:s3:::{name}-backup",
            "Prefix": "source/",
            "CompressionFormat": compression,
        },
    )
    account.put(name, "a", "b")
    account.delivered(name, 2)
    account.delivered(f"{name}-backup", 1)
    [(key, body)] = account.objects(f"{name}-backup").items()
    assert (key.startswith("source/2"), key.endswith(".gz"), body) == (True, compression == "GZIP", b"ab")
