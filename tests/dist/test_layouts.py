"""`make dist`: each layout imports every DAG where nothing else of this checkout is to be found."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from uv import find_uv_bin

from local.dist import __main__ as command
from local.dist import mwaa, requirements, sources
from local.dist.folder import MARK

ROOT = Path(__file__).parents[2]
IMPORT_ALL = """
import json, sys
from airflow import plugins_manager
from airflow.dag_processing.dagbag import BundleDagBag
from pathlib import Path
from airflow.configuration import conf

folder = Path(conf.get("core", "dags_folder"))
bag = BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags-folder")
plugins, errors = plugins_manager._get_plugins()
print("\\n" + json.dumps({
    "dags": sorted(bag.dags),
    "import_errors": {**bag.import_errors, **errors},
    "plugins": [plugin.name for plugin in plugins],
    "files": [str(module.__file__) for name, module in sys.modules.items()
              if name.split(".")[0] in ("include", "millrace") and module.__file__],
    "path": sys.path,
}))
"""
WITHOUT_DAGS = """
import airflow.settings
airflow.settings.initialize()
import millrace.triggers.job_event, millrace.listeners.cancelled_tasks, include.settings
print(include.settings.__file__)
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    assert command.main(["--to", str(folder)]) == 0
    return folder


class Platform:
    """A bare environment: Airflow as the platform has it, the layout's requirements, and its folders."""

    def __init__(self, home: Path, wanted: Path, variables: dict[str, str]) -> None:
        self.home = home
        self.variables = variables
        venv = home.parent / "venv"
        self.python = venv / "bin" / "python"
        self._uv("venv", "--quiet", "--python", sys.executable, str(venv))
        # The platform's own Airflow, then only what the layout asks for.
        self._install("apache-airflow", "--constraint", str(ROOT / "requirements.lock"))
        self._install("--requirement", str(wanted), "--constraint", str(ROOT / "requirements.lock"))

    def run(self, code: str) -> str:
        """The output of Python code in a process of this environment."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        settings = {name: value for name, value in os.environ.items() if name.startswith("MILLRACE_")}
        done = subprocess.run(
            [self.python, "-P", "-c", code],
            cwd=self.home.parent,
            env=kept | settings | {"AIRFLOW_HOME": str(self.home)} | self.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _install(self, *arguments: str) -> None:
        self._uv("pip", "install", "--quiet", "--python", str(self.python), *arguments)

    def _uv(self, *arguments: str) -> None:
        foreign = ("VIRTUAL_ENV", "UV_INTERNAL__PARENT_INTERPRETER", "PYTHONPATH")
        variables = {name: value for name, value in os.environ.items() if name not in foreign}
        done = subprocess.run(
            [find_uv_bin(), *arguments], env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def on_mwaa(dist, tmp_path_factory):
    home = tmp_path_factory.mktemp("mwaa") / "airflow"
    sources.copy(dist / "mwaa" / "dags", home / "dags")
    with zipfile.ZipFile(dist / "mwaa" / "plugins.zip") as archive:
        archive.extractall(home / "plugins")
    text = (dist / "mwaa" / "requirements.txt").read_text()
    wanted = home / "requirements.txt"
    # MWAA's home is not this machine's.
    wanted.write_text(text.replace(mwaa.CONSTRAINTS, str(home / "dags" / "constraints.txt")))
    return Platform(home, wanted, {})


@pytest.fixture(scope="module")
def on_astro(dist, tmp_path_factory):
    home = tmp_path_factory.mktemp("astro") / "airflow"
    sources.copy(dist / "astro", home)
    return Platform(home, home / "requirements.txt", {"PYTHONPATH": str(home)})


@pytest.mark.parametrize("platform", ["on_mwaa", "on_astro"])
def test_every_dag_is_imported_from_the_layout_alone(platform, request):
    platform = request.getfixturevalue(platform)
    found = json.loads(platform.run(IMPORT_ALL).splitlines()[-1])
    assert found["import_errors"] == {}
    assert found["dags"] == sorted(file.stem for file in (ROOT / "dags").glob("*.py"))
    assert "millrace" in found["plugins"]
    assert found["files"]
    assert all(Path(file).is_relative_to(platform.home) for file in found["files"])
    assert not [entry for entry in found["path"] if Path(entry or ".").resolve().is_relative_to(ROOT)]


@pytest.mark.parametrize("platform", ["on_mwaa", "on_astro"])
def test_a_process_that_reads_no_dags_finds_include_too(platform, request):
    """A triggerer and the API server load plugins, and never have the DAGs folder on their path."""
    platform = request.getfixturevalue(platform)
    where = platform.run(WITHOUT_DAGS).splitlines()[-1]
    assert Path(where).is_relative_to(platform.home)


def test_mwaa_has_its_constraint_first_and_beside_the_dags(dist):
    first, *rest = (dist / "mwaa" / "requirements.txt").read_text().splitlines()
    assert first == '--constraint "/usr/local/airflow/dags/constraints.txt"'
    assert "apache-airflow-providers-amazon==9.39.0" in rest
    pins = (dist / "mwaa" / "dags" / "constraints.txt").read_text().splitlines()
    assert pins
    assert set(pins) <= set((ROOT / "requirements.lock").read_text().splitlines())


def test_what_the_platform_has_of_its_own_is_left_to_it(dist):
    pinned = {line.partition("==")[0] for line in requirements.constraints(ROOT)}
    assert {"aiobotocore", "apache-airflow-providers-amazon", "botocore"} <= pinned
    assert not {"apache-airflow", "apache-airflow-core", "sqlalchemy", "fastapi"} & pinned
    for name in ("mwaa", "astro"):
        lines = (dist / name / "requirements.txt").read_text().splitlines()
        assert not [line for line in lines if line.startswith("apache-airflow==")]


def test_astro_has_the_files_of_an_astro_project(dist):
    names = {path.name for path in (dist / "astro").iterdir()}
    assert {"Dockerfile", "dags", "include", "plugins", "requirements.txt", "packages.txt"} <= names
    assert "airflow_settings.yaml" in names
    config = yaml.safe_load((dist / "astro" / ".astro" / "config.yaml").read_text())
    assert config == {"project": {"name": "millrace"}}
    assert (
        (dist / "astro" / "Dockerfile").read_text().startswith("FROM astrocrpublic.azurecr.io/runtime:3.3-")
    )


def test_nothing_ships_that_was_left_behind_by_running(dist):
    shipped = [path for path in dist.rglob("*") if path.is_file()]
    with zipfile.ZipFile(dist / "mwaa" / "plugins.zip") as archive:
        shipped += map(Path, archive.namelist())
    assert shipped
    assert not [path for path in shipped if path.suffix == ".pyc" or "__pycache__" in path.parts]


def test_the_same_sources_make_the_same_bytes(tmp_path):
    """With other times, in another folder: a deployment that changed nothing uploads nothing."""
    checkout = tmp_path / "checkout"
    for name in ("dags", "include", "plugins"):
        sources.copy(ROOT / name, checkout / name)
    for name in ("airflow_settings.yaml", "requirements.lock", "requirements.txt"):
        shutil.copyfile(ROOT / name, checkout / name)
    (tmp_path / "first").mkdir()
    mwaa.write(checkout, tmp_path / "first")
    for path in sources.files(checkout):
        os.utime(path, (0, 0))
    (tmp_path / "again").mkdir()
    mwaa.write(checkout, tmp_path / "again")
    first, again = (sources.tree(tmp_path / name) for name in ("first", "again"))
    assert "plugins.zip" in first
    assert first == again


def test_a_folder_of_somebody_else_is_left_alone(tmp_path, capsys):
    (tmp_path / "mwaa").mkdir()
    (tmp_path / "mwaa" / "mine.txt").write_text("mine")
    assert command.main(["--to", str(tmp_path)]) == 2
    assert (tmp_path / "mwaa" / "mine.txt").read_text() == "mine"
    assert "was not made by `make dist`" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mwaa"]


def test_a_folder_of_ours_is_replaced_as_a_whole(dist):
    left = dist / "mwaa" / "left.txt"
    left.write_text("old")
    assert command.main(["--to", str(dist)]) == 0
    assert not left.exists()
    assert (dist / "mwaa" / MARK).is_file()


def test_the_settings_of_astro_dev_outlive_the_replacement(dist):
    settings = dist / "astro" / ".env"
    settings.write_text("SECRET=1\n")
    settings.chmod(0o600)
    assert command.main(["--to", str(dist)]) == 0
    assert settings.read_text() == "SECRET=1\n"
    assert settings.stat().st_mode & 0o777 == 0o600
