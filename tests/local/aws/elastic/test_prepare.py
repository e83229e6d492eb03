"""Images copied from S3 to the shared volume, as a process of the image ``elastic``."""

import json
import os
import re
import subprocess

import pytest

from local.aws.clients import Clients
from tests.include.jobs.conftest import interpreter
from tests.local.aws.elastic.jobs import CODE
from tests.local.aws.sagemaker.account import Account

LABELS = "ImageId,PredictionString\nILSVRC_1,cat 12 3 4 5 cat 1 2 3 4\nILSVRC_2,dog 12 3 4 5\n"


@pytest.fixture(scope="module")
def account(server):
    return Account(server.endpoint_url).furnish()


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    folder = tmp_path_factory.mktemp("code")
    CODE.write(folder)
    return folder


@pytest.fixture
def prepare(server, account, code, tmp_path, name):
    """Copies what is below a prefix of the test's own; metrics, or the reason why there are none."""
    environment = Clients(server).acting_for("arn:aws:iam::123456789012:role/pods")

    def run(*arguments, source=f"s3://{account.bucket}/{name}"):
        metrics = f"{name}-left/metrics.json"
        command = [interpreter("elastic"), code / "prepare.py", "--volume", tmp_path, "--name", "data"]
        command += ["--source", source, "--metrics", f"s3://{account.bucket}/{metrics}", *arguments]
        done = subprocess.run(
            command,
            env={
                **{key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ},
                **environment.container_environment("us-east-1"),
                "SAGEMAKER_BASE_DIR": str(tmp_path / "opt"),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode:
            assert done.returncode == 65, done.stderr
            return json.loads(account.get(f"{name}-left/failure.json"))["error"]
        return json.loads(account.get(metrics))

    return run


@pytest.fixture
def put(account, name):
    """Puts images of these names below the prefix, with their names for content."""

    def put(*names):
        for each in names:
            account.put(f"{name}/{each}", each.encode())

    return put


@pytest.fixture
def copied(tmp_path):
    """Content of each image that was copied."""

    def found():
        files = [file for part in ("train", "val") for file in (tmp_path / "data" / part).rglob("*.*")]
        return {file.relative_to(tmp_path / "data").as_posix(): file.read_text() for file in files}

    return found


TRAIN = ("train/cat/1.JPEG", "train/cat/2.JPEG", "train/dog/1.JPEG")


def test_parts_by_class_are_copied_as_they_are(prepare, put, copied, tmp_path):
    names = [*TRAIN, "val/cat/3.JPEG", "val/dog/3.JPEG"]
    put(*names, "train/readme.txt", "val/cat/", "other/cat/1.JPEG")
    found = prepare()
    assert copied() == {name: name for name in names}
    assert found["counts"] == {"train": {"cat": 2, "dog": 1}, "val": {"cat": 1, "dog": 1}}
    assert (found["classes"], found["copied"], found["copied_bytes"]) == (2, 5, sum(map(len, names)))
    assert (tmp_path / "data" / "val.txt").read_text() == "cat/3.JPEG\ndog/3.JPEG\n"


def test_a_flat_validation_part_is_put_into_classes_by_kaggles_table(prepare, put, account, name, copied):
    put(*TRAIN, "val/ILSVRC_1.JPEG", "val/ILSVRC_2.JPEG")
    account.put(f"{name}/LOC_val_solution.csv", LABELS.encode())
    assert prepare()["counts"]["val"] == {"cat": 1, "dog": 1}
    assert copied()["val/cat/ILSVRC_1.JPEG"] == "val/ILSVRC_1.JPEG"
    account.put("tables/other.csv", LABELS.replace("dog", "cat").encode())
    table = f"s3://{account.bucket}/tables/other.csv"
    assert prepare("--name", "by-table", "--validation-labels", table)["counts"]["val"] == {"cat": 2}


def test_a_data_set_that_was_broken_off_is_completed(prepare, put, copied, tmp_path):
    put(*TRAIN, "val/cat/3.JPEG", "val/dog/3.JPEG")
    prepare()
    (tmp_path / "data" / "train" / "cat" / "1.JPEG").unlink()
    (tmp_path / "data" / "train" / "cat" / "2.JPEG").write_text("cut off")
    (tmp_path / "data" / "train" / "dog" / "1.JPEG.partial").write_text("cut")
    state = tmp_path / "data" / "data_set.json"
    complete = json.loads(state.read_text())
    state.write_text(json.dumps({**complete, "counts": None}))
    found = prepare()
    assert (found["copied"], found["counts"]) == (2, complete["counts"])
    assert copied()["train/cat/2.JPEG"] == "train/cat/2.JPEG"
    put("train/cat/9.JPEG")
    assert prepare()["copied"] == 0


def test_a_name_belongs_to_one_source(prepare, put):
    put(*TRAIN, "val/cat/3.JPEG")
    prepare()
    error = prepare(source="digits")
    assert re.search(r"Data set data was made from .*not from .*digits.*give it another name", error)


@pytest.mark.parametrize(
    ("names", "error"),
    [
        (["val/cat/1.png"], "has no folder with images of a class: give train/<class>/"),
        (["train/cat/1.png", "val/cat/1.png"], "has images of one class, cat, only"),
        (TRAIN, "has no image: give some to measure with"),
        ([*TRAIN, "val/bird/1.png"], "Class bird of val/bird/1.png is unknown to train/"),
        ([*TRAIN, "val/1.png"], "are not in folders of classes, and there is no s3://"),
        ([*TRAIN, "val/cat/1.png", "train/1.png"], "train/1.png is of no class"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(prepare, put, copied, names, error):
    put(*names)
    assert error in prepare()


def test_an_image_without_a_label_is_named(prepare, put, account, name, copied):
    put(*TRAIN, "val/ILSVRC_1.JPEG", "val/ILSVRC_3.JPEG")
    account.put(f"{name}/LOC_val_solution.csv", LABELS.encode())
    assert "val/ILSVRC_3.JPEG is of no class" in prepare()
    assert not copied()  # nothing was copied before


def test_a_bucket_that_is_not_there_is_named(prepare):
    assert "s3://nowhere" in prepare(source="s3://nowhere/images")
