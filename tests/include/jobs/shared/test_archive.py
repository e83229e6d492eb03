"""One file of an archive is read, and nothing else of it."""

import io
import random
import subprocess
import sys
import tarfile

import pytest

from tests.include.jobs.conftest import SHARED

CONTENT = random.Random(1).randbytes(100_000)


def packed(folder, *members: tuple[str, bytes]):
    with tarfile.open(folder / "model.tar.gz", "w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return folder / "model.tar.gz"


def read(archive) -> bytes | str:
    """The content of ``model``, or the sentence of the error; modules import one another by plain names."""
    code = (
        "import sys; from pathlib import Path; from archive import member; from failure import JobError\n"
        "try: sys.stdout.buffer.write(member(Path(sys.argv[1]), 'model'))\n"
        "except JobError as error: sys.exit(str(error))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, archive], cwd=SHARED, capture_output=True, check=False, timeout=60
    )
    return done.stderr.decode().strip() if done.returncode else done.stdout


@pytest.mark.parametrize("name", ["model", "./model"])
def test_the_file_of_a_name(tmp_path, name):
    assert read(packed(tmp_path, ("metrics.json", b"{}"), (name, CONTENT))) == CONTENT


def test_another_folder_s_file_is_another_file(tmp_path):
    for name in ("../model", "/model", "code/model"):
        assert read(packed(tmp_path, (name, CONTENT))) == "model.tar.gz holds no file 'model'."


def test_a_link_is_no_file(tmp_path):
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        link = tarfile.TarInfo("model")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    assert read(tmp_path / "model.tar.gz") == "model.tar.gz holds no file 'model'."


@pytest.mark.parametrize("kept", [10, 50_000])
def test_a_truncated_archive_is_one_sentence(tmp_path, kept):
    archive = packed(tmp_path, ("model", CONTENT))
    archive.write_bytes(archive.read_bytes()[:kept])
    assert f"model.tar.gz in '{tmp_path.name}' cannot be read: " in read(archive)


def test_damage_is_one_sentence(tmp_path):
    archive = packed(tmp_path, ("model", bytes(1_000_000)))
    content = bytearray(archive.read_bytes())
    content[100:400] = b"\xff" * 300
    archive.write_bytes(content)
    assert f"model.tar.gz in '{tmp_path.name}' cannot be read: " in read(archive)


def test_no_archive_is_one_sentence(tmp_path):
    assert "cannot be read: " in read(tmp_path / "model.tar.gz")
