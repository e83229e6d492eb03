"""``train``: the user's script in script mode, otherwise the image's own algorithm."""

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import paths, program, source
from .environment import (
    algorithm_hyperparameters,
    arguments,
    decode,
    training_environment,
    user_hyperparameters,
)

Algorithm = Callable[[dict[str, str]], None]
Runner = Callable[[Path, list[str], dict[str, str]], int]


def main(algorithm: Algorithm | None = None, library: Path | None = None, run: Runner = program.run) -> int:
    """Runs the job that `/opt/ml/input/config` describes; returns the exit code.

    Args:
        algorithm: called with the hyperparameters as text where no script is named. A `ValueError` that it
            raises is the user's mistake and is reported without a traceback.
        library: a folder with packages that the image offers to scripts.
        run: runs a script with arguments and variables, and returns the exit code.
    """
    try:
        raw = paths.read_config("hyperparameters")
        values = decode(raw)
        _make_folders()
        if "sagemaker_program" in values:
            return _run_script(values, library, run)
        os.environ.update(training_environment())
        (algorithm or _no_algorithm)(algorithm_hyperparameters(raw))
    except ValueError as error:
        return _failed(f"{type(error).__name__}: {error}")
    except Exception as error:
        traceback.print_exc()
        return _failed(f"{type(error).__name__}: {error}")
    return 0


def _run_script(values: dict[str, Any], library: Path | None, run: Runner) -> int:
    root = paths.base()
    name = str(values["sagemaker_program"])
    code = source.fetch(str(values.get("sagemaker_submit_directory", root / "code")), root / "code")
    script = code / name
    if not script.resolve().is_relative_to(code.resolve()):
        raise ValueError(f"sagemaker_program {name!r} is outside the source directory.")
    environment = training_environment()
    environment["SM_MODULE_DIR"] = str(values.get("sagemaker_submit_directory", code))
    environment["SM_USER_ENTRY_POINT"] = name
    # The script's own modules come before the image's, which may have the same names.
    folders = [str(code), os.environ.get("PYTHONPATH", ""), str(library or "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
    return run(script, arguments(user_hyperparameters(values)), environment)


def _no_algorithm(_: dict[str, str]) -> None:
    raise ValueError("The image has no algorithm of its own: give sagemaker_program and its directory.")


def _make_folders() -> None:
    for folder in ("model", "output/data", "output/intermediate"):
        (paths.base() / folder).mkdir(parents=True, exist_ok=True)


def _failed(reason: str) -> int:
    print(reason, file=sys.stderr)
    paths.write_failure(reason)
    return 1
