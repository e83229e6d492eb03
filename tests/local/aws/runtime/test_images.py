"""Environments of images."""

import socket
import subprocess
import sys
import time
import zipfile

import psutil
import pytest

from local.aws.runtime.images import SOURCES, Image, ImageBuildFailed, ImageStore, UnknownImageError

HERE = "Images here: autogluon, elastic, football, horovod, sklearn, spark, speech, xgboost"


def _wheel(folder):
    """The smallest package that can be installed without a network."""
    folder.mkdir(exist_ok=True)
    path = folder / "millrace_probe-1.0-py3-none-any.whl"
    info = "millrace_probe-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("millrace_probe.py", "here = True\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: millrace-probe\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def store(tmp_path):
    (tmp_path / "src" / "probe").mkdir(parents=True)
    requirement = f"millrace-probe @ {_wheel(tmp_path / 'wheels').as_uri()}\n"
    (tmp_path / "src" / "probe" / "requirements.txt").write_text(requirement)
    return ImageStore(tmp_path / "home", tmp_path / "src")


def _imports(python, module):
    return (
        subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0
    )


def test_an_image_is_installed_once_and_for_itself(store, monkeypatch):
    # uv prefers an active environment to the one it is told about: ours must not be it.
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    said = []
    image = store.resolve("123456789012.dkr.ecr.us-east-1.amazonaws.com/probe:latest")
    environment = store.ensure(image, said.append)
    assert said[0] == "Image probe: installing 1 packages, once."
    assert _imports(environment / "bin" / "python", "millrace_probe")
    assert not _imports(sys.executable, "millrace_probe")
    said.clear()
    assert store.ensure(image, said.append) == environment
    assert said == []


def test_changed_requirements_make_another_environment(store):
    image = store.resolve("probe")
    first = store.ensure(image)
    image.requirements.write_text("")
    second = store.ensure(image)
    assert first != second
    assert not _imports(second / "bin" / "python", "millrace_probe")
    assert _imports(first / "bin" / "python", "millrace_probe")


def test_a_failed_installation_leaves_nothing_and_says_what_to_do(store):
    image = store.resolve("probe")
    image.requirements.write_text("millrace-probe @ file:///no/such/wheel-1.0-py3-none-any.whl\n")
    with pytest.raises(ImageBuildFailed, match=r"could not be installed .* Check the network"):
        store.ensure(image)
    assert [p.name for p in store.home.iterdir() if p.is_dir()] == []


BUILDS = """
import sysconfig
from pathlib import Path

import millrace_probe

Path(sysconfig.get_path("purelib"), "built.py").write_text(f"from_packages = {millrace_probe.here}")
print("half done")
"""


def test_an_image_is_built_once_its_packages_are_there(store):
    image = store.resolve("probe")
    plain = store.ensure(image)
    (image.folder / "build.py").write_text(BUILDS)
    said = []
    built = store.ensure(image, said.append)
    assert {"Image probe: running build.py, which may take minutes.", "Image probe: half done"} <= set(said)
    assert _imports(built / "bin" / "python", "built")
    assert not _imports(plain / "bin" / "python", "built")


def test_a_build_that_fails_leaves_nothing_and_says_why(store):
    image = store.resolve("probe")
    (image.folder / "build.py").write_text("raise SystemExit('there is no compiler')")
    with pytest.raises(ImageBuildFailed, match=r"could not be installed .*there is no compiler"):
        store.ensure(image)
    assert [p.name for p in store.home.iterdir() if p.is_dir()] == []


def test_what_a_killed_installation_left_is_swept_before_the_next(store):
    image = store.resolve("probe")
    left = store.home / f".{store.path(image).name}.k1ll3d"
    other = store.home / ".other-0123456789ab.k1ll3d"
    for folder in (left, other):
        (folder / "lib").mkdir(parents=True)
    store.ensure(image)
    assert not left.exists()
    assert other.exists()


def test_processes_that_ask_at_once_install_once(store, tmp_path):
    command = [sys.executable, "-m", "local.aws.runtime.images", "probe"]
    command += ["--images", str(store.home), "--sources", str(store.sources)]
    running = [
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=SOURCES.parents[1]) for _ in range(3)
    ]
    said = [process.communicate(timeout=60)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    assert sum("installing 1 packages" in text for text in said) == 1
    assert len([p for p in store.home.iterdir() if p.is_dir()]) == 1


def test_an_unknown_name_is_one_sentence(store):
    command = [sys.executable, "-m", "local.aws.runtime.images", "ghost", "--images", str(store.home)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=SOURCES.parents[1], check=False)
    assert done.returncode == 1
    assert done.stderr == f"Requested image ghost not found. {HERE}.\n"


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/spark:2026-11", "spark"),
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", "xgboost"),
        (
            "173754725891.dkr.ecr.us-east-1.amazonaws.com/sagemaker-spark-processing:3.5-cpu-py312-v1.0",
            "spark",
        ),
        ("localhost:5000/team/xgboost:1", None),
        ("xgboost", "xgboost"),
        ("spark@sha256:" + "0" * 64, "spark"),
    ],
)
def test_uris_name_images(uri, name):
    store = ImageStore(SOURCES)
    if name is None:
        with pytest.raises(UnknownImageError):
            store.resolve(uri)
    else:
        assert store.resolve(uri) == Image(name, SOURCES / name)


CLARIFY = "205585389593.dkr.ecr.us-east-1.amazonaws.com/sagemaker-clarify-processing:1.0"


@pytest.mark.parametrize("uri", ["", "ghost", "a/../spark/..", "spark:bad tag", "x/entrypoint:1", CLARIFY])
def test_other_uris_do_not(uri):
    with pytest.raises(UnknownImageError, match=HERE):
        ImageStore(SOURCES).resolve(uri)


def test_an_installation_ends_with_the_server_that_asked_for_it(store):
    """Of a package whose download never ends."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/millrace_probe-1.0-py3-none-any.whl"
        store.resolve("probe").requirements.write_text(f"millrace-probe @ {address}\n")
        options = ["--images", store.home, "--sources", store.sources]
        asking = subprocess.Popen(
            [sys.executable, "-m", "local.aws.runtime.images", "probe", *options], stderr=subprocess.DEVNULL
        )
        silent.settimeout(60)
        connection, _ = silent.accept()
        with connection:
            processes = psutil.Process(asking.pid).children(recursive=True)
            assert any("uv" in process.name() for process in processes)
            asking.kill()
            asking.wait()
            deadline = time.monotonic() + 10
            while any(process.is_running() for process in processes) and time.monotonic() < deadline:
                time.sleep(0.05)
    assert not [process for process in processes if process.is_running()]
