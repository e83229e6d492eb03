"""The images' files agree with each other."""

import re
from pathlib import Path

import pytest

from local.aws.runtime.images import SOURCES, ImageStore

NAMES = ImageStore(SOURCES).names()


def _packages(path: Path) -> dict[str, str]:
    lines = (line.split(";")[0].strip() for line in path.read_text().splitlines())
    found = [
        re.match(r"([\w.\-]+)\s*(.*)", line) for line in lines if line and not line.startswith(("#", "--"))
    ]
    return {match[1].lower(): match[2] for match in found if match}


def test_there_are_images():
    expected = "autogluon elastic football horovod sklearn spark speech xgboost"
    assert expected.split() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_requirements_are_pinned_and_hold_what_is_asked_for(name):
    pinned = _packages(SOURCES / name / "requirements.txt")
    assert all(version.startswith("==") for version in pinned.values()), pinned
    assert set(_packages(SOURCES / name / "requirements.in")) <= set(pinned)
    if (SOURCES / name / "overrides.txt").is_file():
        assert "sys_platform == 'never'" in (SOURCES / name / "requirements.txt").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_a_dockerfile_copies_files_that_exist(name):
    text = (SOURCES / name / "Dockerfile").read_text()
    copied = [part for line in re.findall(r"^COPY (.+) \S+$", text, re.MULTILINE) for part in line.split()]
    assert copied
    assert all((SOURCES / part).exists() for part in copied), copied
    if (SOURCES / name / "bin").is_dir():
        assert "PYTHONPATH=/opt/millrace" in text
        assert f"/opt/millrace/{name}/bin" in text


def test_of_two_packages_with_the_same_files_an_image_has_one():
    """``xgboost-cpu`` overwrites what ``xgboost`` has installed."""
    for name in NAMES:
        pinned = _packages(SOURCES / name / "requirements.txt")
        assert not {"xgboost", "xgboost-cpu"} <= set(pinned), name
