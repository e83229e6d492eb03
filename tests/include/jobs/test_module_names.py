"""A job's own folder comes first on its path: a module there hides a library of the same name."""

import subprocess

import pytest

from tests.include.jobs.conftest import interpreter

FIND = "import importlib.util, sys; print(*filter(importlib.util.find_spec, sys.argv[1:]))"


def libraries(image: str, *names: str) -> list[str]:
    """Those of the names that are modules of the image; isolated from ours by ``-I``."""
    command = [interpreter(image), "-I", "-c", FIND, *names]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.timeout(1800)  # Horovod is compiled, once
@pytest.mark.parametrize(
    "image", ["autogluon", "elastic", "football", "horovod", "sklearn", "spark", "speech", "xgboost"]
)
def test_no_module_of_a_job_hides_a_library(jobs, image):
    ours = sorted({path.stem for path in jobs.glob("*/*.py")})
    assert {"build_features", "train"} <= set(ours)
    assert libraries(image, *ours, "json", "numpy") == ["json", "numpy"]
