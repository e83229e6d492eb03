"""AutoGluon's presets by time, against one XGBoost and one LightGBM as they come: accuracy and seconds.

``accuracy`` is that on the test file, ``fit_s`` the seconds of fitting, ``models`` how many were fitted. Each
is a process of the image, one after the other, on the same two files; AutoGluon by the pipeline's own script,
which also measures and explains: ``whole_s`` has that, and the reading.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from statistics import median

from bench.reporting import Row, parser, report
from include.bundles import Bundle
from local.aws.runtime.images import ImageStore

REPO = Path(__file__).resolve().parents[1]
RIG = Path(__file__).parent / "automl_rig"
SAMPLE = REPO / "include" / "samples" / "automl"
ALONE = ("xgboost", "lightgbm")
Figures = dict[str, float]


class NoModelError(Exception):
    """A contender has left no model."""


def run(python: Path, code: Path, program: Path, *arguments: str) -> tuple[str, float]:
    """A program beside the scripts of the pipeline; what it printed, and its seconds."""
    begun = time.monotonic()
    done = subprocess.run(
        [str(python), str(program), *arguments],
        env={**os.environ, "PYTHONPATH": str(code), "SAGEMAKER_BASE_DIR": str(code)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stderr[-1000:], file=sys.stderr, flush=True)
        raise NoModelError(program.name)
    return done.stdout, time.monotonic() - begun


def alone(python: Path, code: Path, name: str, options: Namespace) -> Figures:
    """One model as it comes."""
    files = (str(options.train), str(options.test), options.target)
    printed, seconds = run(python, code, RIG / "one_model.py", name, *files)
    return _figures(json.loads(printed), seconds)


def autogluon(python: Path, code: Path, presets: str, limit: int, options: Namespace) -> Figures:
    """The pipeline's own script; figures are no numbers where no model was done in time."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for kind in ("train", "test"):
            (place / kind).mkdir()
            (place / kind / f"{kind}.csv").symlink_to(getattr(options, kind).resolve())
        where = ("--train", f"{place}/train", "--test", f"{place}/test", "--target", options.target)
        how = ("--presets", presets, "--time_limit", str(limit))
        to = ("--model_dir", f"{place}/model", "--output_data_dir", f"{place}/output")
        try:
            _, seconds = run(python, code, code / "train.py", *where, *how, *to)
        except NoModelError:
            return dict.fromkeys(("accuracy", "fit_s", "whole_s", "models"), math.nan)
        return _figures(json.loads((place / "output" / "metrics.json").read_text()), seconds)


def measure(python: Path, options: Namespace) -> list[Row]:
    """A row for each contender; they take turns."""
    found: dict[tuple[str, str], list[Figures]] = {}
    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder)
        for name, content in Bundle.of_job("automl").files.items():
            (code / name).write_bytes(content)
        for _ in range(options.rounds):
            for name in ALONE:
                found.setdefault((name, ""), []).append(alone(python, code, name, options))
            for presets, limit in product(options.presets, options.seconds):
                print(f"{presets}, {limit} s", file=sys.stderr, flush=True)
                figures = autogluon(python, code, presets, limit, options)
                found.setdefault((presets, str(limit)), []).append(figures)
    return [
        {"learner": name, "limit_s": limit, **{key: median(each[key] for each in all_) for key in all_[0]}}
        for (name, limit), all_ in found.items()
    ]


def _figures(found: dict[str, float], seconds: float) -> Figures:
    return {
        "accuracy": found["accuracy"],
        "fit_s": found["fit_seconds"],
        "whole_s": seconds,
        "models": found["models"],
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Measures each contender once, unless more rounds are asked for: a fitting is bounded by time."""
    made = parser(__doc__ or "", rounds=1)
    made.add_argument("--train", type=Path, default=SAMPLE / "breast_cancer_train.csv")
    made.add_argument("--test", type=Path, default=SAMPLE / "breast_cancer_test.csv")
    made.add_argument("--target", default="target")
    made.add_argument("--presets", nargs="+", default=["medium_quality", "good_quality"])
    made.add_argument("--seconds", nargs="+", type=int, default=[30, 60, 120])
    home = Path(os.environ.get("MILLRACE_HOME", REPO / ".millrace"))
    made.add_argument("--images", type=Path, default=home / "images", help="where environments are kept")
    options = made.parse_args(argv)
    store = ImageStore(options.images)
    python = store.ensure(store.resolve("autogluon"), print) / "bin" / "python"
    rows = measure(python, options)
    report(f"Accuracy on {options.test.name} and seconds", rows, options.json)


if __name__ == "__main__":
    main()
