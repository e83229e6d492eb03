"""Records on disk: old ones go, killed servers keep theirs, many are read as fast as few."""

import time

import pytest

from local.aws.journal import Entry, Journal
from local.aws.json_service import Call
from local.aws.services.kinesis.catalog import Catalog
from local.aws.services.kinesis.errors import ExpiredIteratorError
from local.aws.services.kinesis.operations import Operations
from local.aws.services.kinesis.retention import Sweeper
from tests.local.aws.kinesis.conftest import iterator, read, read_all

HOUR = 3_600_000_000_000


class Clock:
    """Nanoseconds since 1970 that go on when they are told to."""

    def __init__(self):
        self.now = time.time_ns()

    def __call__(self):
        return self.now


def test_what_was_answered_outlives_a_killed_server(child):
    child.start()
    kinesis = child.client("kinesis")
    kinesis.create_stream(StreamName="kept", ShardCount=2)
    records = [{"Data": b"%d" % i, "PartitionKey": str(i)} for i in range(100)]
    put = kinesis.put_records(StreamName="kept", Records=records)["Records"]
    token = iterator(kinesis, "kept", put[0]["ShardId"])
    child.end(kill=True)

    child.start()

    found = read_all(kinesis, "kept")
    assert sorted(int(r["Data"]) for shard in found.values() for r in shard) == list(range(100))
    assert read(kinesis, token) == found[put[0]["ShardId"]]
    after = kinesis.put_record(StreamName="kept", Data=b"x", PartitionKey="0")
    assert after["SequenceNumber"] > max(one["SequenceNumber"] for one in put)


def test_records_are_kept_as_long_as_their_stream_says(tmp_path):
    clock = Clock()
    journal = Journal(tmp_path / "records.sqlite", clock=clock)
    catalog = Catalog(journal, "123456789012")
    operations = Operations(catalog).by_name

    def call(name, **request):
        return operations[name](Call("us-east-1", "key", request))

    call("CreateStream", StreamName="s", ShardCount=1)
    shard = {"StreamName": "s", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    call("PutRecord", StreamName="s", PartitionKey="a", Data="b2xk")
    clock.now += 23 * HOUR
    call("PutRecord", StreamName="s", PartitionKey="a", Data="bmV3")
    old = call("GetShardIterator", **shard)["ShardIterator"]
    assert len(call("GetRecords", ShardIterator=old)["Records"]) == 2
    clock.now += 2 * HOUR
    with pytest.raises(ExpiredIteratorError):
        call("GetRecords", ShardIterator=old)
    new = call("GetShardIterator", **shard)["ShardIterator"]
    assert [r["Data"] for r in call("GetRecords", ShardIterator=new)["Records"]] == ["bmV3"]
    [stream] = catalog.every()
    assert journal.count(stream.journal_shard(stream.shards[0])) == 2
    Sweeper(catalog).sweep()
    assert journal.count(stream.journal_shard(stream.shards[0])) == 1
    journal.close()


def test_a_page_behind_many_records_costs_what_the_first_one_does(tmp_path):
    """Counted in steps of SQLite's machine, not in seconds; a scan would take 100 times as many."""
    journal = Journal(tmp_path / "records.sqlite")
    numbers = journal.append(lambda: [Entry(100_000, "a", b"x")] * 100_000)

    def steps(after):
        counted = 0

        def count():
            nonlocal counted
            counted += 1
            return 0

        journal._reader.set_progress_handler(count, 100)
        assert len(list(journal.read(100_000, after, 1000))) == 1000
        journal._reader.set_progress_handler(None, 0)
        return counted

    assert steps(numbers[90_000]) <= 2 * steps(0)
    journal.close()
