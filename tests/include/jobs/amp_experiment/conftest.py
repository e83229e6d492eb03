"""Experiments on a small lake of the sample world, measured by the job as it ships: flat, in its image."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from include.bundles import Bundle
from tests.include.jobs.abalone.conftest import Outcome, Plan
from tests.include.jobs.conftest import REPOSITORY, interpreter
from tests.include.jobs.speech.in_image import Image

HERE = Path(__file__).parent
SAMPLE = REPOSITORY / "include" / "samples" / "amp"
END = "2026-11-22"
EVENTS, DAYS = 100_000, 14


def in_image(script: Path, *arguments, path: list[Path]) -> str:
    """What a script prints in the image of the jobs, with folders to import from."""
    command = [interpreter("sklearn"), script, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="session")
def shipped(tmp_path_factory) -> Path:
    """The job's folder with what it ships with."""
    folder = tmp_path_factory.mktemp("code")
    Bundle.of_job("amp_experiment", "experiments", "datasets", "pages").write(folder)
    return folder


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    in_image(HERE / "make_lake.py", folder, EVENTS, DAYS, END, path=[SAMPLE])
    return folder


@pytest.fixture(scope="session")
def measured(tmp_path_factory, world, shipped, sklearn_job) -> dict[str, Outcome]:
    """``measure.py`` on good and bad experiments."""
    plan = Plan(tmp_path_factory.mktemp("experiments"))
    days = ("--end", END, "--days", "7", "--days-before", "7")

    def measure(name: str, *options: str, raw: Path = world / "raw") -> None:
        lake = ("--lake", world / "lake", "--world", raw)
        plan.add(name, "measure", *lake, "--name", "test", *days, *options)

    measure("planted", "--planted-uplift", "0.6")
    measure("again", "--planted-uplift", "0.6")
    measure("worse", "--planted-uplift", "-0.5", "--metrics", "engagement")
    measure("nothing planted", "--planted-uplift", "0", "--metrics", "engagement")
    measure("real", "--metrics", "engagement", raw=world)
    measure("not adjusted", "--days-before", "0", "--metrics", "engagement")
    measure("lost", "--planted-loss", "0.4")
    measure("planted into the real", "--planted-uplift", "0.1", raw=world)
    measure("a day is missing", "--end", "2026-11-24")
    measure("nobody", "--control-share", "0.0001", "--treatment-share", "0.0001")
    measure("too much", "--control-share", "0.6", "--treatment-share", "0.6")
    return plan.run(sklearn_job, shipped)


@pytest.fixture(scope="session")
def documents(measured) -> dict[str, dict]:
    """What the experiments that could be measured came to."""
    found = {name: outcome.output / "experiment.json" for name, outcome in measured.items()}
    return {name: json.loads(path.read_text()) for name, path in found.items() if path.exists()}


@pytest.fixture(scope="session")
def image(shipped):
    """Asks the job's modules."""
    modules = ["json", "datetime", "reading", "verdict", "sample_ratio", "lake_counts"]
    with Image(interpreter("sklearn"), [shipped], modules) as made:
        yield made
