"""S3: names, streams, parts, versions, checksums, listings, events."""

import base64
import hashlib
import io
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psutil
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from local.aws.server import LocalAws

ClientOf = Callable[..., Any]
NAMES = [
    "plain",
    "with space",
    "ünïcode/日本語.csv",
    "a+b&c=d?e#f",
    "percent%20",
    "dots/../x",
    "a//b",
    "tab\tnewline\n",
]
MIB = 1 << 20


@pytest.fixture
def s3(client: ClientOf) -> Any:
    s3 = client("s3", config=Config(retries={"total_max_attempts": 1}, max_pool_connections=20))
    s3.create_bucket(Bucket="data")
    return s3


def names_of(page: dict[str, Any]) -> list[str]:
    return [entry["Key"] for entry in page.get("Contents", [])]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_stored_listed_and_deleted(s3: Any, name: str) -> None:
    s3.put_object(Bucket="data", Key=name, Body=name.encode())

    assert s3.get_object(Bucket="data", Key=name)["Body"].read() == name.encode()
    assert names_of(s3.list_objects_v2(Bucket="data")) == [name]
    assert names_of(s3.list_objects(Bucket="data")) == [name]
    s3.copy_object(Bucket="data", Key="copy", CopySource={"Bucket": "data", "Key": name})
    assert s3.get_object(Bucket="data", Key="copy")["Body"].read() == name.encode()
    s3.delete_objects(Bucket="data", Delete={"Objects": [{"Key": name}]})
    assert names_of(s3.list_objects_v2(Bucket="data")) == ["copy"]


def test_bodies_are_files_and_not_memory(s3: Any, aws: LocalAws) -> None:
    block = os.urandom(MIB)

    class Large(io.RawIOBase):
        """200 MiB that exist nowhere."""

        left = 200

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            if not self.left:
                return b""
            self.left -= 1
            return block

    process = psutil.Process()
    before = process.memory_info().rss

    def parts() -> Any:
        source = Large()
        while data := source.read():
            yield data

    url = s3.generate_presigned_url("put_object", Params={"Bucket": "data", "Key": "large"})
    answer = httpx.put(url, content=parts(), headers={"Content-Length": str(200 * MIB)}, timeout=60)
    assert answer.status_code == 200, answer.text
    read = 0
    with httpx.stream(
        "GET", s3.generate_presigned_url("get_object", Params={"Bucket": "data", "Key": "large"})
    ) as got:
        for data in got.iter_bytes(MIB):
            read += len(data)

    assert read == 200 * MIB
    assert process.memory_info().rss - before < 80 * MIB
    assert sum(path.stat().st_size for path in (aws.home / "objects").iterdir()) == 200 * MIB


def test_an_upload_in_parts_is_joined(s3: Any) -> None:
    body = os.urandom(12 * MIB + 17)
    parts = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)

    s3.upload_fileobj(io.BytesIO(body), "data", "parts", Config=parts)

    head = s3.head_object(Bucket="data", Key="parts")
    digests = b"".join(hashlib.md5(body[i : i + 5 * MIB]).digest() for i in range(0, len(body), 5 * MIB))
    assert head["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    target = io.BytesIO()
    s3.download_fileobj("data", "parts", target, Config=parts)
    assert target.getvalue() == body


def test_parts_copied_from_another_object(s3: Any) -> None:
    body = os.urandom(6 * MIB)
    s3.put_object(Bucket="data", Key="source", Body=body)
    upload = s3.create_multipart_upload(Bucket="data", Key="copy")["UploadId"]
    etags = []
    for number, part in enumerate((f"bytes=0-{5 * MIB - 1}", f"bytes={5 * MIB}-{6 * MIB - 1}"), 1):
        made = s3.upload_part_copy(
            Bucket="data",
            Key="copy",
            UploadId=upload,
            PartNumber=number,
            CopySource="data/source",
            CopySourceRange=part,
        )
        etags.append({"PartNumber": number, "ETag": made["CopyPartResult"]["ETag"]})
    s3.complete_multipart_upload(Bucket="data", Key="copy", UploadId=upload, MultipartUpload={"Parts": etags})

    assert s3.get_object(Bucket="data", Key="copy")["Body"].read() == body


def test_a_part_that_was_never_sent_is_refused(s3: Any) -> None:
    upload = s3.create_multipart_upload(Bucket="data", Key="key")["UploadId"]

    with pytest.raises(ClientError) as caught:
        s3.complete_multipart_upload(
            Bucket="data",
            Key="key",
            UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": "x"}]},
        )

    assert caught.value.response["Error"]["Code"] == "InvalidPart"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("bytes=2-4", b"234"), ("bytes=7-", b"789"), ("bytes=-3", b"789"), ("bytes=8-99", b"89")],
)
def test_ranges(s3: Any, wanted: str, expected: bytes) -> None:
    s3.put_object(Bucket="data", Key="digits", Body=b"0123456789")

    part = s3.get_object(Bucket="data", Key="digits", Range=wanted)

    assert part["Body"].read() == expected
    assert part["ContentLength"] == len(expected)
    assert part["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_a_range_behind_the_end_is_refused(s3: Any) -> None:
    s3.put_object(Bucket="data", Key="digits", Body=b"0123456789")

    with pytest.raises(ClientError, match="InvalidRange"):
        s3.get_object(Bucket="data", Key="digits", Range="bytes=10-")


def test_a_body_that_does_not_fit_its_checksum_is_refused(s3: Any, aws: LocalAws) -> None:
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()

    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket="data", Key="key", Body=b"body", ContentMD5=wrong)
    with pytest.raises(ClientError) as again:
        s3.put_object(
            Bucket="data", Key="key", Body=b"body", ChecksumSHA256=base64.b64encode(bytes(32)).decode()
        )

    assert caught.value.response["Error"]["Code"] == "BadDigest"
    assert again.value.response["Error"]["Code"] == "BadDigest"
    assert names_of(s3.list_objects_v2(Bucket="data")) == []


def test_chunked_bodies_are_decoded(s3: Any, aws: LocalAws) -> None:
    """As the Java SDK, and so Spark, sends them over plain HTTP."""
    chunks = b"5;chunk-signature=0\r\nhello\r\n6;chunk-signature=0\r\n world\r\n0;chunk-signature=0\r\n\r\n"
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, Signature=0",
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x-amz-decoded-content-length": "11",
        "Content-Encoding": "aws-chunked",
    }

    answer = httpx.put(f"{aws.endpoint_url}/data/chunked", content=chunks, headers=headers)
    broken = httpx.put(f"{aws.endpoint_url}/data/broken", content=b"zz\r\nhello", headers=headers)

    assert answer.status_code == 200, answer.text
    assert s3.get_object(Bucket="data", Key="chunked")["Body"].read() == b"hello world"
    assert (broken.status_code, "IncompleteBody" in broken.text) == (400, True)
    assert names_of(s3.list_objects_v2(Bucket="data")) == ["chunked"]


def test_versions_are_kept(s3: Any) -> None:
    s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="data", Key="key", Body=b"1")["VersionId"]
    s3.put_object(Bucket="data", Key="key", Body=b"2")
    s3.delete_object(Bucket="data", Key="key")

    assert names_of(s3.list_objects_v2(Bucket="data")) == []
    assert s3.get_object(Bucket="data", Key="key", VersionId=first)["Body"].read() == b"1"
    assert len(s3.list_object_versions(Bucket="data")["Versions"]) == 2


def test_parallel_writes_of_one_key_lose_no_version(s3: Any) -> None:
    s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: s3.put_object(Bucket="data", Key="key", Body=str(n)), range(40)))

    listed = s3.list_object_versions(Bucket="data")["Versions"]
    assert {version["VersionId"] for version in listed} == {answer["VersionId"] for answer in made}


def fill(s3: Any, names: list[str]) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: s3.put_object(Bucket="data", Key=name, Body=b"x"), names))


@pytest.mark.parametrize("operation", ["list_objects_v2", "list_objects"])
def test_pages_hold_every_name_once_and_in_order(s3: Any, operation: str) -> None:
    names = [f"p/{number:03}" for number in range(25)] + [
        "p/a/1",
        "p/a/2",
        "p/b/1",
        "q",
        "p/é",
        "p/\U0001f600",
    ]
    fill(s3, names)

    pages = s3.get_paginator(operation).paginate(Bucket="data", Prefix="p/", PaginationConfig={"PageSize": 7})
    listed = [name for page in pages for name in names_of(page)]
    grouped = list(
        s3.get_paginator(operation).paginate(
            Bucket="data", Prefix="p/", Delimiter="/", PaginationConfig={"PageSize": 2}
        )
    )

    assert listed == sorted((name for name in names if name.startswith("p/")), key=str.encode)
    assert [entry["Prefix"] for page in grouped for entry in page.get("CommonPrefixes", [])] == [
        "p/a/",
        "p/b/",
    ]
    flat = [name for name in listed if name.count("/") == 1]
    assert [name for page in grouped for name in names_of(page)] == flat
    assert all(len(names_of(page)) + len(page.get("CommonPrefixes", [])) <= 2 for page in grouped)


def test_start_after_and_counts(s3: Any) -> None:
    fill(s3, ["a", "b", "c", "d"])

    page = s3.list_objects_v2(Bucket="data", StartAfter="b", MaxKeys=1)
    none = s3.list_objects_v2(Bucket="data", MaxKeys=0)

    assert (names_of(page), page["KeyCount"], page["IsTruncated"]) == (["c"], 1, True)
    assert (names_of(none), none["IsTruncated"]) == ([], False)


def test_a_foreign_continuation_token_is_refused(s3: Any) -> None:
    with pytest.raises(ClientError, match="continuation token"):
        s3.list_objects_v2(Bucket="data", ContinuationToken="???")


def test_a_missing_bucket_and_a_missing_key(s3: Any, aws: LocalAws) -> None:
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.put_object(Bucket="nowhere", Key="key", Body=b"x")
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.list_objects_v2(Bucket="nowhere")
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="data", Key="nothing")


def test_changes_are_events_with_ids_of_their_own(s3: Any, client: ClientOf) -> None:
    sqs, events = client("sqs"), client("events")
    url = sqs.create_queue(QueueName="changes")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": "in/"}]}}}
    events.put_rule(Name="changes", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="changes", Targets=[{"Id": "queue", "Arn": arn}])
    s3.put_bucket_notification_configuration(
        Bucket="data", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )

    s3.put_object(Bucket="data", Key="in/ü 1", Body=b"12345")
    s3.put_object(Bucket="data", Key="in/ü 1", Body=b"12345")
    s3.put_object(Bucket="data", Key="out/2", Body=b"x")
    s3.delete_object(Bucket="data", Key="in/ü 1")

    messages: list[dict[str, Any]] = []
    while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        messages += [json.loads(message["Body"]) for message in got]
    assert [m["detail-type"] for m in messages] == ["Object Created", "Object Created", "Object Deleted"]
    assert len({m["id"] for m in messages}) == 3
    created = messages[0]
    assert created["resources"] == ["arn:aws:s3:::data"]
    assert created["detail"]["reason"] == "PutObject"
    assert created["detail"]["object"]["key"] == "in/ü 1"
    assert created["detail"]["object"]["size"] == 5
    assert messages[2]["detail"]["deletion-type"] == "Permanently Deleted"
    assert s3.get_bucket_notification_configuration(Bucket="data")["EventBridgeConfiguration"] == {}


@pytest.mark.parametrize("condition", ["IfNoneMatch", "IfMatch"])
def test_of_conditional_writes_at_once_one_is_made(s3: Any, condition: str) -> None:
    def write(key: str, value: str, body: bytes) -> Any:
        try:
            return s3.put_object(Bucket="data", Key=key, Body=body, **{condition: value})["ETag"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
            return None

    with ThreadPoolExecutor(16) as pool:
        for number in range(20):
            key, value = f"raced-for-{number}", "*"
            if condition == "IfMatch":
                value = s3.put_object(Bucket="data", Key=key, Body=b"before")["ETag"]
            written = [pool.submit(write, key, value, b"%d" % each) for each in range(16)]
            (won,) = {each.result() for each in written} - {None}
            assert [each.result() for each in written].count(won) == 1
            assert s3.head_object(Bucket="data", Key=key)["ETag"] == won


def test_a_signature_of_version_2_is_one_for_s3_whatever_it_looks_like(aws: LocalAws, s3: Any) -> None:
    s3.put_object(Bucket="data", Key="key", Body=b"words")
    signed = {"Authorization": "AWS test:a/20260101/us-east-1/sns/aws4="}
    assert httpx.get(f"{aws.endpoint_url}/data/key", headers=signed, trust_env=False).content == b"words"
