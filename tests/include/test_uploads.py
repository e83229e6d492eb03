"""Events of S3 as they arrive, well-formed and not."""

import json
from dataclasses import replace

import pytest

from include.uploads import NotAnUpload, Upload, in_order


def event(**changes):
    """What EventBridge delivers for an object in a versioned bucket; a change of None leaves a field out."""
    stored = {
        "key": "main/uploads/demo/a b+c.csv",
        "size": 7,
        "etag": "0cc175b9c0f1b6a831c399e269772661",
        "version-id": "v1",
        "sequencer": "00617F08299329D189",
    }
    whole = {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "time": "2026-01-01T00:00:00Z",
        "detail": {"bucket": {"name": "b"}, "object": stored},
    } | changes
    return json.dumps({name: value for name, value in whole.items() if value is not None})


def test_an_upload_is_read():
    upload = Upload.parse(event())
    assert upload.payload() == {
        "uri": "s3://b/main/uploads/demo/a b+c.csv",
        "bucket": "b",
        "key": "main/uploads/demo/a b+c.csv",
        "size": 7,
        "etag": "0cc175b9c0f1b6a831c399e269772661",
        "version": "v1",
        "time": "2026-01-01T00:00:00Z",
        "sequencer": "00617F08299329D189",
    }
    assert not upload.is_folder


def test_a_bucket_without_versions_tells_them_apart_by_their_sequence():
    def parse(sequencer):
        stored = {"key": "k", "size": 1, "etag": "e", "sequencer": sequencer}
        return Upload.parse(event(detail={"bucket": {"name": "b"}, "object": stored}))

    assert parse("01").version is None
    assert parse("01").identity == parse("01").identity != parse("02").identity


def test_an_empty_object_that_stands_for_a_folder():
    stored = {"key": "main/uploads/demo/", "size": 0, "etag": "e", "sequencer": "01"}
    assert Upload.parse(event(detail={"bucket": {"name": "b"}, "object": stored})).is_folder


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "JSON list"),
        ('"text"', "JSON str"),
        ("{}", "an event of None, None"),
        (event(source="aws.sagemaker"), "an event of aws.sagemaker, Object Created"),
        (event(**{"detail-type": "Object Deleted"}), "an event of aws.s3, Object Deleted"),
        (event(detail=None), "'detail'"),
        (event(detail=[]), "TypeError"),
        (event(detail={"bucket": {"name": "b"}, "object": {"size": 1}}), "'key'"),
        (event(detail={"bucket": {"name": "b"}, "object": {"key": "k", "size": "big"}}), "big"),
        (event(time=None), "'time'"),
    ],
)
def test_what_is_no_upload_says_what_it_is(body, reason):
    with pytest.raises(NotAnUpload, match=reason):
        Upload.parse(body)


def test_an_upload_is_what_its_payload_says():
    upload = Upload.parse(event())
    assert Upload.of(upload.payload()) == upload


def test_uploads_are_in_order_of_arrival_and_each_version_once():
    arrived = [("c", 3, "3"), ("b", 2, "2"), ("a", 2, "1"), ("c", 1, "0"), ("b", 2, "2"), ("c", 1, "0")]
    payloads = [
        Upload("b", key, 1, "e", f"v{sequencer}", f"2026-01-01T00:00:0{second}Z", sequencer).payload()
        for key, second, sequencer in arrived
    ]
    found = [(upload.key, upload.version) for upload in in_order(payloads)]
    assert found == [("c", "v0"), ("a", "v1"), ("b", "v2"), ("c", "v3")]
    assert in_order([]) == ()


def test_without_versions_a_sequence_tells_one_upload_twice_from_two_uploads():
    payloads = [Upload("b", "k", 1, "e", None, "2026-01-01T00:00:00Z", each).payload() for each in "1221"]
    assert [upload.sequencer for upload in in_order(payloads)] == ["1", "2"]


def test_a_run_has_the_uri_of_a_key_once(run):
    versions = [Upload("b", "k", 1, "e", each, "2026-01-01T00:00:00Z", each) for each in "12"]
    assert replace(run, uploads=tuple(versions)).upload_uris == ("s3://b/k",)
