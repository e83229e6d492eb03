"""Delivery streams: made, described, changed; and what is refused."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from botocore.exceptions import ClientError

from local.aws.services.firehose.prefixes import error_folder, folder
from tests.local.aws.firehose.account import NOW

ARRIVED = datetime(2018, 8, 27, 10, 5, 6, tzinfo=UTC)
FAILED = "!{firehose:error-output-type}"


@pytest.mark.parametrize(
    ("prefix", "error_prefix", "expected", "failed"),
    [
        ("", None, "2018/08/27/10/", "processing-failed/2018/08/27/10/"),
        ("amp/", None, "amp/2018/08/27/10/", "amp/processing-failed/2018/08/27/10/"),
        ("", f"bad/{FAILED}/", "2018/08/27/10/", "bad/processing-failed/"),
        (
            "dt=!{timestamp:yyyy-MM-dd}/h=!{timestamp:HH}/",
            f"bad/{FAILED}/!{{timestamp:yyyy}}/any/!{{timestamp:dd}}/",
            "dt=2018-08-27/h=10/",
            "bad/processing-failed/2018/any/27/",
        ),
        ("!{timestamp:yyyy/'month='M/d}/", f"{FAILED}/", "2018/month=8/27/", "processing-failed/"),
    ],
)
def test_prefixes_are_evaluated_when_the_oldest_record_arrived(prefix, error_prefix, expected, failed):
    assert folder(prefix, ARRIVED) == expected
    assert error_folder(prefix, error_prefix, ARRIVED) == failed


def test_a_random_string_is_another_one_each_time_and_a_zone_moves_the_hour():
    prefix = "!{timestamp:HH}/!{firehose:random-string}/"
    found = {folder(prefix, ARRIVED.astimezone(ZoneInfo("Asia/Tokyo"))) for _ in range(10)}
    assert len(found) == 10
    assert {one[:3] for one in found} == {"19/"}
    assert {len(one) for one in found} == {3 + 11 + 1}


def test_a_delivery_stream_is_described_with_defaults(account, name):
    account.firehose.create_delivery_stream(
        DeliveryStreamName=name,
        S3DestinationConfiguration={"RoleARN": account.role, "BucketARN": f"arn:aws:s3:::{name}"},
        Tags=[{"Key": "team", "Value": "amp"}],
    )
    described = account.firehose.describe_delivery_stream(DeliveryStreamName=name)[
        "DeliveryStreamDescription"
    ]
    assert (described["DeliveryStreamStatus"], described["DeliveryStreamType"]) == ("ACTIVE", "DirectPut")
    [destination] = described["Destinations"]
    for kind in ("S3DestinationDescription", "ExtendedS3DestinationDescription"):
        assert destination[kind]["BufferingHints"] == {"SizeInMBs": 5, "IntervalInSeconds": 300}
        assert destination[kind]["CompressionFormat"] == "UNCOMPRESSED"
    assert name in account.firehose.list_delivery_streams()["DeliveryStreamNames"]
    assert account.firehose.list_tags_for_delivery_stream(DeliveryStreamName=name)["Tags"] == [
        {"Key": "team", "Value": "amp"}
    ]
    account.firehose.delete_delivery_stream(DeliveryStreamName=name)
    assert name not in account.firehose.list_delivery_streams()["DeliveryStreamNames"]


def test_an_update_makes_a_new_version_that_objects_bear(account, name):
    account.make(name)
    update = {
        "DeliveryStreamName": name,
        "CurrentDeliveryStreamVersionId": "1",
        "DestinationId": "destinationId-000000000001",
        "ExtendedS3DestinationUpdate": {"Prefix": "raw/", "CompressionFormat": "GZIP"},
    }
    account.firehose.update_destination(**update)
    account.put(name, "a")
    account.delivered(name, 1)
    [key] = account.objects(name)
    assert key.startswith("raw/2")
    assert f"/{name}-2-2" in key
    assert key.endswith(".gz")
    with pytest.raises(ClientError, match="ConcurrentModificationException"):
        account.firehose.update_destination(**update)


@pytest.mark.parametrize(
    "changes",
    [
        {"CompressionFormat": "Snappy"},
        {"Prefix": "!{timestamp:yyyy}/"},
        {"Prefix": "!{partitionKeyFromQuery:user}/", "ErrorOutputPrefix": f"{FAILED}/"},
        {"Prefix": "!{timestamp:QQ}/", "ErrorOutputPrefix": f"{FAILED}/"},
        {"ErrorOutputPrefix": "bad/"},
        {"BufferingHints": {"SizeInMBs": 1}},
        {"BufferingHints": {"SizeInMBs": 129, "IntervalInSeconds": 0}},
        {"DynamicPartitioningConfiguration": {"Enabled": True}},
        {"S3BackupMode": "Enabled"},
        {"RoleARN": "arn:aws:iam::123456789012:role/nobody"},
        {"CustomTimeZone": "Mars/Olympus"},
        {"ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "MetadataExtraction"}]}},
        {"ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "Lambda"}]}},
    ],
    ids=str,
)
def test_what_it_cannot_deliver_is_refused(account, name, changes):
    destination = account.destination("refused") | changes
    with pytest.raises(ClientError) as raised:
        account.firehose.create_delivery_stream(
            DeliveryStreamName="refused", ExtendedS3DestinationConfiguration=destination
        )
    assert raised.value.response["Error"]["Code"] in ("InvalidArgumentException", "ValidationException")
    assert "refused" not in account.firehose.list_delivery_streams()["DeliveryStreamNames"]


def test_a_destination_other_than_s3_is_refused(account):
    with pytest.raises(ClientError, match="delivers to S3 only"):
        account.firehose.create_delivery_stream(
            DeliveryStreamName="http",
            HttpEndpointDestinationConfiguration={
                "EndpointConfiguration": {"Url": "https://example.com"},
                "S3Configuration": {"RoleARN": account.role, "BucketARN": "arn:aws:s3:::http"},
            },
        )


def test_records_that_it_does_not_take_are_refused(account, name):
    account.make(name)
    for records in ([bytes(1_024_001)], [bytes(1_000_000)] * 5, [b"x"] * 501):
        with pytest.raises(ClientError) as raised:
            account.put(name, *records)
        assert raised.value.response["Error"]["Code"] == "InvalidArgumentException"
    account.kinesis.create_stream(StreamName=name, ShardCount=1)
    account.make(f"{name}-kinesis", source=name, BufferingHints=NOW)
    with pytest.raises(ClientError, match="not permitted"):
        account.put(f"{name}-kinesis", "x")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        account.put("none", "x")
