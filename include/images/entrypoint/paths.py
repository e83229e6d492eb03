"""Where SageMaker's folders are: `/opt/ml`, or what `SAGEMAKER_BASE_DIR` names."""

import json
import os
from pathlib import Path
from typing import Any


def base() -> Path:
    """The root of the container contract's folders."""
    return Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def read_config(name: str) -> dict[str, Any]:
    """`input/config/<name>.json` as a dict; empty where SageMaker wrote none."""
    path = base() / "input" / "config" / f"{name}.json"
    return dict(json.loads(path.read_text())) if path.is_file() else {}


def write_failure(reason: str) -> None:
    """Leaves the reason where SageMaker looks for it, unless the program has left its own.

    At most 1,024 characters are kept.
    """
    path = base() / "output" / "failure"
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(reason.strip()[:1024])
