"""The speech engine: the programs of ``local/aws/engines/speech``."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.aws.runtime import engine
from local.aws.runtime.engine import EndedError, EngineError, InputError
from local.aws.services.transcribe import context

__all__ = ["EndedError", "EngineError", "InputError", "run"]

ENGINE = "speech"


def run(program: str, request: Mapping[str, Any], root: Path, ended: threading.Event) -> None:
    """Runs a program of the engine to its end; raises what ``local.aws.runtime.engine.run`` does."""
    engine.run(context.current().engines, ENGINE, program, request=request, root=root, ended=ended)
