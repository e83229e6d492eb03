"""Archives and names, without a server."""

import hashlib
import io
import os
import tarfile

import pytest

from local.aws.runtime.transfer import S3Uri, files, name_below, pack


def test_the_same_files_make_the_same_archive(tmp_path):
    digests = set()
    for n, names in enumerate((["a", "b/c", "ü"], ["ü", "b/c", "a"])):
        folder = tmp_path / str(n)
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
            os.utime(folder / name, (n * 1000, n * 1000))
        pack([folder], tmp_path / f"{n}.tar.gz")
        digests.add(hashlib.sha256((tmp_path / f"{n}.tar.gz").read_bytes()).hexdigest())
    assert len(digests) == 1
    with tarfile.open(tmp_path / "0.tar.gz") as tar:
        assert tar.getnames() == ["a", "b/c", "ü"]


def test_the_first_folder_wins_and_an_empty_archive_is_one(tmp_path):
    for n in "12":
        (tmp_path / n).mkdir()
        (tmp_path / n / "same").write_text(n)
    pack([tmp_path / "1", tmp_path / "2"], tmp_path / "x.tar.gz")
    with tarfile.open(fileobj=io.BytesIO((tmp_path / "x.tar.gz").read_bytes())) as tar:
        assert tar.extractfile("same").read() == b"1"
    (tmp_path / "empty").mkdir()
    pack([tmp_path / "empty"], tmp_path / "e.tar.gz")
    with tarfile.open(tmp_path / "e.tar.gz") as tar:
        assert tar.getnames() == []


def test_links_out_of_the_folder_are_not_followed(tmp_path):
    (tmp_path / "secret").write_text("s")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "kept").write_text("k")
    (tmp_path / "in" / "out").symlink_to(tmp_path / "secret")
    assert [path.name for path in files(tmp_path / "in")] == ["kept"]


@pytest.mark.parametrize(
    ("prefix", "key", "name"),
    [
        ("a/b", "a/b/c/d", "c/d"),
        ("a/b/", "a/b/c", "c"),
        ("a/b/", "a/b/", ""),
        ("a/b", "a/bc/d", "bc/d"),
        ("a/b.csv", "a/b.csv", "b.csv"),
        ("", "a/b", "a/b"),
    ],
)
def test_names_in_the_folder(prefix, key, name):
    assert name_below(prefix, key) == name


@pytest.mark.parametrize("text", ["", "s3://", "s3:/b/k", "http://b/k", "/tmp/x"])
def test_what_is_no_uri(text):
    with pytest.raises(ValueError, match="is not an S3 URI"):
        S3Uri.parse(text)


def test_keys_may_hold_anything():
    uri = S3Uri.parse("s3://bucket/a b/?x=1#y/ü")
    assert (uri.bucket, uri.key) == ("bucket", "a b/?x=1#y/ü")
    assert str(uri.child("z")) == "s3://bucket/a b/?x=1#y/ü/z"
