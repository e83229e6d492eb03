"""Samples are where a run without input looks, and never replace what a user put there."""

import pytest

from local.stack import infrastructure, samples


@pytest.fixture
def bucket(config):
    client = infrastructure.client(config, "s3")
    client.create_bucket(Bucket="samples")
    yield "samples"
    for item in client.list_objects_v2(Bucket="samples").get("Contents", []):
        client.delete_object(Bucket="samples", Key=item["Key"])
    client.delete_bucket(Bucket="samples")


@pytest.fixture
def folder(tmp_path):
    for name in ("tabular/rows.csv", "tabular/part/more rows.csv", "tabular/make.py", "tabular/README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "only_code").mkdir()
    (tmp_path / "only_code" / "make.py").write_text("")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "x.bin").write_text("")
    return tmp_path


def content(config, bucket):
    client = infrastructure.client(config, "s3")
    keys = [item["Key"] for item in client.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return {key: client.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys}


def test_data_is_uploaded_and_code_is_not(config, bucket, folder):
    samples.upload(config, bucket, folder)
    assert content(config, bucket) == {
        "main/input/tabular/current/rows.csv": "tabular/rows.csv",
        "main/input/tabular/current/part/more rows.csv": "tabular/part/more rows.csv",
    }


def test_what_is_there_stays(config, bucket, folder):
    key = "main/input/tabular/current/mine.csv"
    infrastructure.client(config, "s3").put_object(Bucket=bucket, Key=key, Body=b"mine")
    samples.upload(config, bucket, folder)
    assert content(config, bucket) == {key: "mine"}


def test_no_samples_at_all(config, bucket, tmp_path):
    samples.upload(config, bucket, tmp_path / "nothing")
    assert content(config, bucket) == {}
