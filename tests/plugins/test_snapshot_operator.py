"""Objects are copied in the version that was meant."""

import pytest
from botocore.exceptions import ClientError

from include.snapshots import Snapshot
from millrace.context import run_of
from millrace.operators.snapshots import SnapshotOperator


@pytest.fixture
def bucket(settings_now):
    return settings_now().bucket


@pytest.fixture
def put(s3, bucket):
    """Writes an object below the run's name; its URI and version."""

    def make(context, name, content):
        key = f"main/uploads/{context['ti'].run_id}/{name}"
        return f"s3://{bucket}/{key}", s3.put_object(Bucket=bucket, Key=key, Body=content)["VersionId"]

    return make


def take(context, snapshots, folder=None):
    operator = SnapshotOperator(
        task_id="take", folder=lambda run: folder, snapshots=snapshots, aws_conn_id=None
    )
    return operator.execute(context)


def read(s3, uri):
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def test_two_versions_of_one_key_are_two_copies(s3, put, context):
    uri, old = put(context, "a b+ü?.wav", b"old")
    _, new = put(context, "a b+ü?.wav", b"new")
    put(context, "a b+ü?.wav", b"newest")
    copies = [Snapshot(each, uri, run_of(context).uri(each), each, each) for each in (old, new)]
    taken = take(context, lambda run, found: copies)
    assert [read(s3, each["target"]) for each in taken] == [b"old", b"new"]
    assert [each["identity"] for each in taken] == [old, new]


def test_without_a_version_the_newest_is_copied_from_what_a_folder_has(s3, put, context):
    uri, _ = put(context, "a.wav", b"old")
    put(context, "a.wav", b"new")
    other, _ = put(context, "b.wav", b"other")
    [taken] = take(
        context,
        lambda run, found: [Snapshot("a", uri, run.uri("a.wav"), "1")] if list(found) == [uri, other] else [],
        folder=uri.removesuffix("a.wav"),
    )
    assert read(s3, taken["target"]) == b"new"


@pytest.mark.parametrize("version", [None, "gone"])
def test_what_was_deleted_meanwhile_takes_nothing_from_the_rest(s3, put, context, version, capsys):
    stays, _ = put(context, "stays.wav", b"stays")
    gone, last = put(context, "gone.wav", b"gone")
    bucket, key = gone.removeprefix("s3://").split("/", 1)
    s3.delete_object(Bucket=bucket, Key=key, VersionId=last)
    run = run_of(context)
    copies = [
        Snapshot("gone", gone, run.uri("gone.wav"), "1", last if version else None),
        Snapshot("stays", stays, run.uri("stays.wav"), "2"),
    ]
    [taken] = take(context, lambda run, found: copies)
    assert taken["name"] == "stays"
    assert f"{gone} was deleted before it could be copied" in capsys.readouterr().out


def test_what_s3_refuses_for_another_reason_is_a_failure(context):
    copies = [Snapshot("a", "s3://no-such-bucket-here/a.wav", run_of(context).uri("a.wav"), "1")]
    with pytest.raises(ClientError, match="NoSuchBucket"):
        take(context, lambda run, found: copies)
