"""Modules of folders that ship alone: the function that counts, the job whose code ranks."""

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

INCLUDE = Path(__file__).parents[2] / "include"
FUNCTION = INCLUDE / "functions" / "pit_features"
FLATTENING = INCLUDE / "functions" / "flatten_events"
"""Of which it takes a module along."""
JOB = INCLUDE / "jobs" / "amp_train"


def load(*folders: Path, names: Iterable[str] = ()) -> SimpleNamespace:
    """These modules, or all of the folders. Others may have the same names: none stays importable."""
    there = sorted(file.stem for folder in folders for file in folder.glob("*.py"))
    paths = [str(folder) for folder in folders]
    sys.path[:0] = paths
    try:
        return SimpleNamespace(**{name: importlib.import_module(name) for name in names or there})
    finally:
        del sys.path[: len(paths)]
        for name in there:
            sys.modules.pop(name, None)
