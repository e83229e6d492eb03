"""What is installed is what is pinned, and Airflow's environment stays thin."""

import re
import subprocess
import sys
from importlib.metadata import distributions, version
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from local import prerequisites

ROOT = Path(__file__).parents[1]
FILES = ("requirements.txt", "local/requirements.txt", "tests/requirements.txt")


def pins(file: str) -> dict[str, Requirement]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / file).read_text().splitlines())
    requirements = [Requirement(line) for line in lines if line]
    return {normal(each.name): each for each in requirements if each.marker is None or each.marker.evaluate()}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_airflow_has_the_pinned_version():
    assert str(pins("requirements.txt")["apache-airflow"].specifier) == f"=={version('apache-airflow')}"


def test_every_pinned_distribution_is_installed_in_that_version():
    installed = {normal(each.name): each.version for each in distributions()}
    locked = {
        name: str(each.specifier).removeprefix("==") for name, each in pins("requirements.lock").items()
    }
    assert {name: installed.get(name) for name in locked} == locked


@pytest.mark.parametrize("file", FILES)
def test_the_lock_has_every_direct_dependency(file):
    assert set(pins(file)) <= set(pins("requirements.lock"))


def test_the_lock_names_no_index_and_no_file():
    assert not re.search(r"://|^-|@", (ROOT / "requirements.lock").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    "package", ["pyspark", "xgboost", "autogluon", "horovod", "great_expectations", "torch"]
)
def test_what_jobs_need_is_not_in_the_environment_of_airflow(package):
    assert find_spec(package) is None


def test_the_makefile_installs_the_uv_that_is_locked():
    [pinned] = re.findall(r"^UV_VERSION := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert pinned == version("uv")


def test_an_old_python_is_told_what_to_do():
    sentence = prerequisites.python_problem((3, 11, 2))
    assert sentence is not None
    assert "3.11.4 or newer" in sentence
    assert "is 3.11.2" in sentence
    assert "PYTHON=" in sentence


def test_this_python_will_do():
    assert prerequisites.python_problem() is None


def java(folder: Path, answer: str, code: int = 0) -> dict[str, str]:
    program = folder / "java"
    program.write_text(f"#!/bin/sh\necho '{answer}' >&2\nexit {code}\n")
    program.chmod(0o755)
    return {"PATH": str(folder)}


@pytest.mark.parametrize(
    "answer", ['openjdk version "17.0.15" 2025-04-15', 'openjdk version "21" 2023', 'java version "25-ea"']
)
def test_a_new_java_will_do(tmp_path, answer):
    assert prerequisites.java_problem(java(tmp_path, answer)) is None


@pytest.mark.parametrize(
    ("answer", "code", "expected"),
    [
        ('openjdk version "11.0.2" 2019', 0, "is 11"),
        ('java version "1.8.0_292"', 0, "is 8"),
        ("Unable to locate a Java Runtime", 1, "does not run"),
        ("something else", 0, "names no version"),
    ],
)
def test_a_java_that_will_not_do_is_told_what_to_do(tmp_path, answer, code, expected):
    sentence = prerequisites.java_problem(java(tmp_path, answer, code))
    assert sentence is not None
    assert expected in sentence
    assert "openjdk-17" in sentence


def test_no_java_at_all(tmp_path):
    sentence = prerequisites.java_problem({"PATH": str(tmp_path)})
    assert sentence is not None
    assert "no `java` on PATH" in sentence


def test_java_home_wins_over_the_path(tmp_path):
    environ = java(tmp_path, 'openjdk version "17.0.15"') | {"JAVA_HOME": str(tmp_path / "nothing")}
    sentence = prerequisites.java_problem(environ)
    assert sentence is not None
    assert "JAVA_HOME=" in sentence


def test_a_full_disk_is_told_with_both_numbers(tmp_path):
    sentence = prerequisites.disk_problem(str(tmp_path), gib=10_000_000)
    assert sentence is not None
    assert "10000000.0 GiB are needed" in sentence
    assert str(tmp_path) in sentence


def test_the_prerequisites_run_as_a_file_under_any_python():
    done = subprocess.run(
        [sys.executable, "-I", ROOT / "local/prerequisites.py"], cwd=ROOT, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("python", "expected"),
    [("python-of-nowhere", "There is no 'python-of-nowhere' on PATH"), ("./old", "is 3.8.0: install it")],
)
def test_make_refuses_a_missing_or_old_python_with_a_sentence(tmp_path, python, expected):
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "local/prerequisites.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    old = tmp_path / "old"
    # An interpreter that believes to be an old one.
    old.write_text(
        f"#!{sys.executable}\nimport runpy, sys\nsys.version_info = (3, 8, 0)\n"
        "runpy.run_path(sys.argv[1], run_name='__main__')\n"
    )
    old.chmod(0o755)
    done = subprocess.run(
        ["make", "install", f"PYTHON={python}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert expected in done.stderr
    assert not (tmp_path / ".venv").exists()
