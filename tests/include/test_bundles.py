import io
import tarfile

import pytest

from include import bundles
from include.bundles import Bundle


def test_the_same_content_has_the_same_digest_and_archive(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.py").write_text("print(1)\n")
    one, other = Bundle.of(tmp_path / "one"), Bundle.of(tmp_path / "other")
    assert (one.digest, one.archive()) == (other.digest, other.archive())
    (tmp_path / "other" / "train.py").write_text("print(2)\n")
    assert Bundle.of(tmp_path / "other").digest != one.digest


def test_a_moved_byte_between_name_and_content_changes_the_digest():
    assert Bundle({"ab": b"c"}).digest != Bundle({"a": b"bc"}).digest


def test_caches_and_hidden_files_stay_behind(tmp_path):
    (tmp_path / "__pycache__").mkdir()
    for name in ("a.py", ".env", "__pycache__/a.pyc"):
        (tmp_path / name).write_text("x")
    assert list(Bundle.of(tmp_path).files) == ["a.py"]


def test_a_single_file_ships_under_its_name(tmp_path):
    (tmp_path / "suite.json").write_text("{}")
    assert Bundle.of(tmp_path / "suite.json").files == {"suite.json": b"{}"}


def test_the_archive_holds_the_files():
    with tarfile.open(fileobj=io.BytesIO(Bundle({"d/a.py": b"1"}).archive())) as tar:
        assert tar.extractfile("d/a.py").read() == b"1"


def test_a_function_ships_with_what_it_takes_of_others(tmp_path, monkeypatch):
    monkeypatch.setattr(bundles, "FUNCTIONS", tmp_path)
    monkeypatch.setattr(bundles, "BESIDE", {"count": ("flatten/lines.py",)})
    for name in ("count/handler.py", "flatten/handler.py", "flatten/lines.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert Bundle.of_function("count").files == {
        "handler.py": b"count/handler.py",
        "lines.py": b"flatten/lines.py",
    }
    assert Bundle.of_function("flatten").files.keys() == {"handler.py", "lines.py"}
    (tmp_path / "count" / "lines.py").write_text("")
    with pytest.raises(ValueError, match=r"lines\.py of flatten would replace a file of the bundle"):
        Bundle.of_function("count")


def test_a_job_ships_with_what_all_jobs_share(tmp_path, monkeypatch):
    monkeypatch.setattr(bundles, "JOBS", tmp_path)
    for name in ("churn/train.py", "shared/failure.py", "speech/words.py", "other/train.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(name)
    assert Bundle.of_job("churn").files == {"train.py": b"churn/train.py", "failure.py": b"shared/failure.py"}
    assert Bundle.of_job("churn", "speech").files == {
        "train.py": b"churn/train.py",
        "failure.py": b"shared/failure.py",
        "words.py": b"speech/words.py",
    }
    for name in ("failure.py", "words.py"):
        (tmp_path / "churn" / name).write_text("")
        with pytest.raises(
            ValueError, match=f"{name} is in include/jobs/churn and in a folder it ships with"
        ):
            Bundle.of_job("churn", "speech")
        (tmp_path / "churn" / name).unlink()


def test_a_bundle_can_include_files_of_another_folder(tmp_path):
    (tmp_path / "keys.py").write_text("keys")
    own = Bundle({"train.py": b"train"})
    assert own.including(tmp_path, "keys.py").files == {"train.py": b"train", "keys.py": b"keys"}
    with pytest.raises(ValueError, match=r"keys.py of .+ would replace a file of the bundle"):
        Bundle({"keys.py": b""}).including(tmp_path, "keys.py")
    with pytest.raises(FileNotFoundError, match=r"readers\.py"):
        own.including(tmp_path, "readers.py")


def test_nothing_to_ship_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file to ship"):
        Bundle.of(tmp_path)


def test_data_is_not_code(tmp_path, monkeypatch):
    monkeypatch.setattr(bundles, "MAX_BYTES", 10)
    (tmp_path / "data.csv").write_bytes(b"x" * 11)
    with pytest.raises(ValueError, match="11 bytes, over the 10"):
        Bundle.of(tmp_path)
