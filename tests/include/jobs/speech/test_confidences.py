"""Pictures, made in the image of the jobs: Airflow's environment has no matplotlib."""

import json
import os
import random
import struct
import subprocess

import pytest

DRAW = """
import json, sys
from pathlib import Path
from confidences import histogram, low_histogram, tasks
from windows import TaskCount
for name, case in json.loads(sys.argv[1]).items():
    values, threshold = case["confidences"], case["threshold"]
    counts = [TaskCount(*count) for count in case["counts"]]
    Path(f"{name}-all.png").write_bytes(histogram(values, threshold))
    Path(f"{name}-low.png").write_bytes(low_histogram(values, threshold))
    Path(f"{name}-tasks.png").write_bytes(tasks(counts, threshold, len(values)))
"""
COUNTS = [[0.2, 3, 4, 9.0], [0.4, 16, 18, 40.0], [0.9, 2, 80, 100.0]]
CASES = {
    "usual": {
        "confidences": [random.Random(1).random() for _ in range(100)],
        "threshold": 0.4,
        "counts": COUNTS,
    },
    "higher": {
        "confidences": [random.Random(1).random() for _ in range(100)],
        "threshold": 0.9,
        "counts": COUNTS,
    },
    "sure": {"confidences": [1.0, 0.99], "threshold": 0.4, "counts": [[0.4, 0, 0, 0.0]]},
    "silent": {"confidences": [], "threshold": 0.4, "counts": [[0.4, 0, 0, 0.0]]},
}


def draw(python, folder, path):
    path.mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(folder.parent / each) for each in ("speech", "pages", "shared")),
    }
    subprocess.run(
        [python, "-W", "error", "-c", DRAW, json.dumps(CASES)], cwd=path, env=environment, check=True
    )
    return {file.stem: file.read_bytes() for file in sorted(path.glob("*.png"))}


@pytest.fixture(scope="module")
def pictures(speech_python, speech_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    return [draw(speech_python, speech_folder, folder / name) for name in ("one", "two")]


def test_every_picture_is_a_png_of_a_readable_size(pictures):
    assert len(pictures[0]) == 3 * len(CASES)
    for content in pictures[0].values():
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", content[16:24])
        assert width >= 900
        assert height >= 500


def test_the_same_numbers_give_the_same_bytes_in_another_process(pictures):
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("kind", ["all", "low", "tasks"])
def test_another_threshold_is_seen(pictures, kind):
    assert pictures[0][f"usual-{kind}"] != pictures[0][f"higher-{kind}"]
