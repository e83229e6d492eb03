"""The modules of xgoals, asked in the image that has kloppy, and its scripts as SageMaker runs them."""

import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from include.bundles import Bundle
from include.pipelines.xgoals import SAMPLE
from tests.include.jobs.conftest import SHARED, interpreter
from tests.include.jobs.speech.in_image import Image

FOLDERS = [SHARED, SHARED.parent / "pages", SHARED.parent / "xgoals", SAMPLE]
MODULES = [
    *("json", "numpy", "pathlib", "pandas", "goal_view", "motion", "shot_features", "assists", "passes"),
    *("match_files", "match_rules", "matches", "shots", "frame_windows", "calibration", "build_features"),
    *(
        "fixtures",
        "generate",
        "goal_model",
        "clubs",
        "score_matches",
        "match_tables",
        "moments",
        "types",
        "os",
        "hashlib",
    ),
]
HELD_OUT = """
from pathlib import Path
import numpy as np
import fixtures, generate, shot_features, sys
rows = [np.column_stack([m.is_goal, shot_features.table(fixtures.features(m.situations)), m.probability])
        for m in generate.matches(int(sys.argv[2]), 7)]
folder, cut = Path(sys.argv[1]), int(0.75 * len(rows))
for name, part in {"train": rows[:cut], "test": rows[cut:]}.items():
    (folder / name).mkdir(parents=True)
    table = np.concatenate(part)
    np.savetxt(folder / name / "shots.csv", table[:, :-1], "%.6g", ",")
    np.savetxt(folder / f"{name}-chances.csv", table[:, -1], "%.9g")
"""
TRAIN = """
import sys, tarfile
from pathlib import Path
import pandas as pd, xgboost as xgb
folder, weight = Path(sys.argv[1]), float(sys.argv[2])
rows = pd.read_csv(folder / "train" / "shots.csv", header=None).to_numpy()
parameters = {"objective": "binary:logistic", "max_depth": 3, "eta": 0.05, "subsample": 0.8, "seed": 1,
              "min_child_weight": 10, "scale_pos_weight": weight, "nthread": 2}
booster = xgb.train(parameters, xgb.DMatrix(rows[:, 1:], rows[:, 0]), 120)
target = folder / f"model-{sys.argv[2]}"
target.mkdir()
booster.save_model(target / "xgboost-model.ubj")
(target / "xgboost-model.ubj").rename(target / "xgboost-model")
with tarfile.open(target / "model.tar.gz", "w:gz") as tar:
    tar.add(target / "xgboost-model", "xgboost-model")
"""


@pytest.fixture(scope="session")
def image():
    with Image(interpreter("football"), FOLDERS, MODULES) as made:
        yield made


@pytest.fixture(scope="session")
def sample():
    """The matches that ship with the project."""
    return SAMPLE


@pytest.fixture(scope="session")
def code(tmp_path_factory):
    """All that ships to the jobs, in one folder."""
    folder = tmp_path_factory.mktemp("code")
    bundle = Bundle.of_job("xgoals", "boosters", "pages").including(
        SAMPLE, *(path.name for path in SAMPLE.glob("*.py"))
    )
    bundle.write(folder)
    return folder


@pytest.fixture(scope="session")
def script(code):
    """Runs a script of the job; gives its log, the folder of its output and, if it failed, the reason."""

    def run(name, *arguments, output: Path, image="football", **environment):
        base = output.parent / f"{output.name}-opt"
        done = subprocess.run(
            [interpreter(image), code / name, *map(str, arguments), "--output", output],
            env={**os.environ, "SAGEMAKER_BASE_DIR": str(base), **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        message = base / "output" / "message"
        assert done.returncode == 0 or message.exists(), done.stderr
        return SimpleNamespace(
            reason=message.read_text() if done.returncode else None,
            log=done.stdout + done.stderr,
            folder=output,
            document=lambda path: json.loads((output / path).read_text()),
        )

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory, code):
    """Rows of 300 matches with their true chances, and a model of most of these, by the weight of a goal."""
    folder = tmp_path_factory.mktemp("trained")
    environment = {**os.environ, "PYTHONPATH": str(code)}
    generate = [interpreter("football"), "-c", HELD_OUT, folder, "300"]
    subprocess.run(generate, check=True, env=environment, timeout=300)
    for weight in ("1", "8"):
        subprocess.run([interpreter("xgboost"), "-c", TRAIN, folder, weight], check=True, timeout=300)
    return folder
