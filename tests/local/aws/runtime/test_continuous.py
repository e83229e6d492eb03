"""Folders that are uploaded while they change, against the local S3."""

import os
import threading

import pytest

from local.aws.runtime.continuous import ContinuousUpload
from local.aws.runtime.transfer import S3Uri


@pytest.fixture
def s3(client):
    found = client("s3")
    found.create_bucket(Bucket="kept")
    return found


def _keys(s3):
    return {
        item["Key"]: s3.get_object(Bucket="kept", Key=item["Key"])["Body"].read()
        for item in s3.list_objects_v2(Bucket="kept").get("Contents", [])
    }


def _upload(s3, tmp_path, *hosts):
    folders = [tmp_path / host for host in hosts]
    for folder in folders:
        folder.mkdir()
    return ContinuousUpload(s3, folders, S3Uri("kept", "c")), *folders


def test_files_of_all_hosts_come_when_they_rest_and_again_when_they_change(s3, tmp_path):
    upload, one, two = _upload(s3, tmp_path, "one", "two")
    (one / "a").write_bytes(b"1")
    (two / "b").write_bytes(b"2")
    upload.sync()
    assert _keys(s3) == {}
    upload.sync()
    assert _keys(s3) == {"c/a": b"1", "c/b": b"2"}
    (one / "a").write_bytes(b"10")
    upload.sync()
    upload.sync()
    assert _keys(s3) == {"c/a": b"10", "c/b": b"2"}


def test_at_the_end_the_prefix_mirrors_the_folders(s3, tmp_path):
    upload, one, two = _upload(s3, tmp_path, "one", "two")
    s3.put_object(Bucket="kept", Key="c/restored", Body=b"0")
    s3.put_object(Bucket="kept", Key="c/kept", Body=b"0")
    for folder in (one, two):
        (folder / "restored").write_bytes(b"0")
        (folder / "kept").write_bytes(b"0")
    upload.adopt()
    (one / "restored").unlink()
    (two / "restored").rename(two / "renamed")
    (one / "kept").unlink()
    upload.sync(final=True)
    assert _keys(s3) == {"c/kept": b"0", "c/renamed": b"0"}


@pytest.mark.parametrize("newest", ["one", "two"])
def test_of_a_name_on_several_hosts_the_file_that_changed_last_is_kept(s3, tmp_path, newest):
    upload, *folders = _upload(s3, tmp_path, "one", "two")
    for folder in folders:
        (folder / "a").write_text(folder.name)
        when = 2_000 if folder.name == newest else 1_000
        os.utime(folder / "a", (when, when))
    upload.sync(final=True)
    assert _keys(s3) == {"c/a": newest.encode()}


def test_what_was_restored_is_not_sent_back(s3, tmp_path):
    upload, one = _upload(s3, tmp_path, "one")
    (one / "a").write_bytes(b"1")
    upload.adopt()
    upload.sync(final=True)
    assert _keys(s3) == {}


def test_a_file_that_is_renamed_while_it_is_sent_is_kept_once(s3, tmp_path, monkeypatch):
    upload, one = _upload(s3, tmp_path, "one")
    (one / "new").write_bytes(b"1")
    real = s3.upload_fileobj

    def rename_first(content, *where):
        (one / "new").rename(one / "epoch")
        monkeypatch.setattr(s3, "upload_fileobj", real)
        real(content, *where)

    monkeypatch.setattr(s3, "upload_fileobj", rename_first)
    upload.sync(final=True)
    upload.sync(final=True)
    assert _keys(s3) == {"c/epoch": b"1"}


def test_a_folder_that_never_rests_breaks_nothing(s3, tmp_path):
    upload, one = _upload(s3, tmp_path, "one")
    over = threading.Event()

    def churn():
        n = 0
        while not over.is_set():
            n += 1
            (one / "new").write_bytes(b"x" * (200_000 * (n % 3)))
            (one / "new").rename(one / f"epoch.{n % 4}")
            (one / f"epoch.{(n + 1) % 4}").unlink(missing_ok=True)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(40):
            upload.sync(final=True)
    finally:
        over.set()
        thread.join()
    upload.sync(final=True)
    assert _keys(s3) == {f"c/{path.name}": path.read_bytes() for path in one.iterdir()}


def test_a_file_that_shrinks_while_it_is_sent_is_sent_again(s3, tmp_path, monkeypatch):
    upload, one = _upload(s3, tmp_path, "one")
    file = one / "a"
    file.write_bytes(b"x" * 1_000_000)
    real = s3.upload_fileobj

    def shrink_first(content, *where):
        file.write_bytes(b"short")
        monkeypatch.setattr(s3, "upload_fileobj", real)
        real(content, *where)

    monkeypatch.setattr(s3, "upload_fileobj", shrink_first)
    upload.sync(final=True)
    upload.sync(final=True)
    assert _keys(s3) == {"c/a": b"short"}
