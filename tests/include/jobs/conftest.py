"""Runs job scripts as SageMaker would: as processes, in the environment of their image."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from include.bundles import Bundle
from local.aws.runtime.images import ImageStore

REPOSITORY = Path(__file__).resolve().parents[3]
SHARED = REPOSITORY / "include" / "jobs" / "shared"
"""What ships with every job."""
DATASETS = SHARED.parent / "datasets"
"""What ships with the jobs on tables."""
BOOSTERS = SHARED.parent / "boosters"
"""What ships with the jobs on models of XGBoost."""
VISION = SHARED.parent / "vision"
"""What ships with the jobs on images."""
CENSUS = SHARED.parent / "census"
"""What ships with the jobs on census rows."""
IMAGES = Path(os.environ.get("MILLRACE_HOME", REPOSITORY / ".millrace")) / "images"

SPARK = (
    "--master local[2] --conf spark.ui.enabled=false --conf spark.sql.shuffle.partitions=2 "
    "--driver-java-options -XX:TieredStopAtLevel=1 pyspark-shell"
)
"""Many small jobs in one JVM: compiling them thoroughly costs more than it saves."""

Job = Callable[..., subprocess.CompletedProcess[str]]


def interpreter(image: str) -> Path:
    """The interpreter of an image, installed first if it is not there."""
    store = ImageStore(IMAGES)
    return store.ensure(store.resolve(f"registry/{image}:latest")) / "bin" / "python"


def _run(image: str) -> Job:
    python = interpreter(image)

    def run(script: Path, *arguments: str | Path, base: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, script, *map(str, arguments)],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(
                    filter(
                        None, [*map(str, (SHARED, DATASETS, CENSUS, BOOSTERS)), os.environ.get("PYTHONPATH")]
                    )
                ),
                "SAGEMAKER_BASE_DIR": str(base),
                "SPARK_LOCAL_IP": "127.0.0.1",
                "PYSPARK_PYTHON": str(python),
                "PYSPARK_SUBMIT_ARGS": SPARK,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=500,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def spark_job() -> Job:
    return _run("spark")


@pytest.fixture(scope="session")
def xgboost_job() -> Job:
    return _run("xgboost")


@pytest.fixture(scope="session")
def sklearn_job() -> Job:
    return _run("sklearn")


@pytest.fixture(scope="session")
def autogluon_job() -> Job:
    return _run("autogluon")


@pytest.fixture(scope="session")
def jobs() -> Path:
    return REPOSITORY / "include" / "jobs"


@pytest.fixture(scope="session")
def real_abalone() -> Path:
    """The UCI data, where this machine has it."""
    folder = REPOSITORY.parent / "shared" / "data" / "abalone"
    if not (folder / "abalone.csv").is_file():
        pytest.skip("the UCI Abalone data is not at ../shared/data/abalone/abalone.csv")
    return folder


@pytest.fixture
def step(request, tmp_path):
    """Runs a script of what ships with the pipeline of the test's folder, in the image ``speech``."""
    return _step(tmp_path, "speech", Bundle.of_job(request.path.parent.name, "speech", "pages"))


@pytest.fixture
def page_step(request, tmp_path):
    """The same in the image ``sklearn``, with what makes pages."""
    return _step(tmp_path, "sklearn", Bundle.of_job(request.path.parent.name, "pages"))


def _step(tmp_path: Path, image: str, bundle: Bundle) -> Callable[..., SimpleNamespace]:
    """Gives the metrics of a script, its log, the folder of its output and, if it failed, the reason."""
    python, code = interpreter(image), tmp_path / "code"
    bundle.write(code)

    def run(script, *arguments, output):
        done = subprocess.run(
            [python, "-W", "error", code / script, *map(str, arguments), "--output", tmp_path / output],
            env={**os.environ, "SAGEMAKER_BASE_DIR": str(tmp_path / "opt")},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        message = tmp_path / "opt" / "output" / "message"
        assert done.returncode == 0 or message.exists(), done.stderr
        metrics = tmp_path / output / "metrics.json"
        return SimpleNamespace(
            reason=message.read_text() if done.returncode else None,
            log=done.stdout + done.stderr,
            metrics=json.loads(metrics.read_text()) if metrics.exists() else {},
            folder=tmp_path / output,
        )

    return run
