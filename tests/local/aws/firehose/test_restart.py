"""What Firehose has taken is delivered later, whatever ends the server."""

import time

from local.aws.server import LocalAws
from local.aws.services.firehose.buffers import Buffers
from tests.local.aws.firehose.account import LATER, Account


def test_what_was_put_outlives_a_killed_server(child):
    child.start()
    account = Account(child.endpoint_url).furnish()
    account.make("kept", BufferingHints=LATER)
    account.put("kept", *map(str, range(100)))
    child.end(kill=True)

    child.start()

    if "kept" not in [bucket["Name"] for bucket in account.s3.list_buckets()["Buckets"]]:
        account.s3.create_bucket(Bucket="kept")  # of the snapshot, which may be a second old
    account.put("kept", "100", "x" * 600_000, "y" * 600_000)
    lines = account.delivered("kept", 103)
    assert lines[:101] == list(map(str, range(101)))


def test_what_was_delivered_outlives_a_server_that_is_killed_before_its_snapshot(child):
    child.start()
    account = Account(child.endpoint_url).furnish()
    account.make("kept")
    wait_for_snapshot(child, b"kept")
    for number in range(5):
        account.put("kept", str(number))
        account.delivered("kept", number + 1)
    child.end(kill=True)  # S3 has lost the last objects at least

    child.start()

    account.delivered("kept", 5)
    account.put("kept", "5")
    assert sorted(account.delivered("kept", 6)) == list("012345")


def test_a_delivery_that_was_not_confirmed_is_not_repeated(tmp_path, monkeypatch):
    place = {"home": tmp_path / "aws", "images": tmp_path / "images"}
    with monkeypatch.context() as patch, LocalAws(**place) as aws:
        patch.setattr(Buffers, "finish", _breaks_off)
        account = Account(aws.endpoint_url).furnish()
        account.make("again")
        account.put("again", "1", "2")
        account.delivered("again", 2)
        before = account.objects("again")
    with LocalAws(**place) as aws:
        account = Account(aws.endpoint_url)
        account.put("again", "3")
        account.delivered("again", 3)
        after = account.objects("again")
        assert {key: body for key, body in after.items() if key in before} == before
        assert [body for key, body in after.items() if key not in before] == [b"3\n"]


def _breaks_off(*_):
    raise OSError("The disk is full.")


def wait_for_snapshot(child, content):
    """A bucket is part of the snapshot, which is written soon after a change."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        copy = child.home / "snapshot"
        if copy.exists() and content in copy.read_bytes():
            return
        time.sleep(0.1)
    raise AssertionError(f"no snapshot has {content!r}")


def test_a_kinesis_source_goes_on_where_it_was_after_a_restart(tmp_path):
    place = {"home": tmp_path / "aws", "images": tmp_path / "images"}
    with LocalAws(**place) as aws:
        account = Account(aws.endpoint_url).furnish()
        account.kinesis.create_stream(StreamName="source", ShardCount=1)
        account.make("resumed", source="source")
        account.kinesis.put_record(StreamName="source", Data=b"1", PartitionKey="a")
        account.delivered("resumed", 1)
        version = account.firehose.describe_delivery_stream(DeliveryStreamName="resumed")
        assert version["DeliveryStreamDescription"]["VersionId"] == "1"
        account.firehose.update_destination(
            DeliveryStreamName="resumed",
            CurrentDeliveryStreamVersionId="1",
            DestinationId="destinationId-000000000001",
            ExtendedS3DestinationUpdate={"BufferingHints": LATER},
        )
        account.kinesis.put_record(StreamName="source", Data=b"2", PartitionKey="a")
        time.sleep(1.5)  # it is read, and in memory only
        assert account.lines("resumed") == ["1"]
    with LocalAws(**place) as aws:
        account = Account(aws.endpoint_url)
        account.kinesis.put_record(StreamName="source", Data=bytes(1 << 19), PartitionKey="a")
        account.kinesis.put_record(StreamName="source", Data=bytes(1 << 19), PartitionKey="a")
        account.delivered("resumed", 4)
        assert account.lines("resumed")[:2] == ["1", "2"]
        assert ["-1-" in key or "-2-" in key for key in account.objects("resumed")] == [True, True]
