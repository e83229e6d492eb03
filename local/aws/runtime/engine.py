"""The real work behind a service: programs of ``local/aws/engines/<name>``, run in the engine's environment.

What a program is given and gives is written at the programs themselves.
"""

import json
import logging
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.aws.runtime.container import Container, ContainerSpec
from local.aws.runtime.images import ImageStore

log = logging.getLogger(__name__)

ENGINES = Path(__file__).resolve().parents[1] / "engines"
INPUT_AT_FAULT = 3
POLL_SECONDS = 0.1
KEPT_LINES = 5


class InputError(Exception):
    """What the program was given is at fault; the message says why, for whoever gave it."""


class EngineError(RuntimeError):
    """The engine itself failed."""


class EndedError(Exception):
    """Nobody wants the outcome any more: the job was deleted, or the server goes away."""


def run(
    engines: ImageStore,
    name: str,
    program: str,
    *,
    request: Mapping[str, Any],
    root: Path,
    ended: threading.Event,
) -> None:
    """Runs a program of an engine to its end.

    Args:
        engines: where engines and their environments are.
        name: the engine's folder.
        program: the file's name, ``recognise.py``.
        request: becomes the file that the program reads.
        root: the process's own folder.
        ended: when it is set, the process is killed.

    Raises:
        InputError: the program says that its input is at fault.
        EngineError: it failed otherwise.
        EndedError: `ended` was set.
    """
    image = engines.resolve(name)
    environment = engines.ensure(image, lambda line: log.info("%s", line))
    script = image.folder / program
    file = root / "request.json"
    file.write_text(json.dumps(request))
    said: list[str] = []
    spec = ContainerSpec(image, environment, root, ["python", str(script), str(file)])
    code = _finished(Container(spec, lambda line: _keep(said, line)), ended)
    if code == INPUT_AT_FAULT:
        raise InputError(said[-1] if said else "Failed to parse the input file.")
    if code:
        log.error("%s ended with exit code %s: %s", program, code, "\n".join(said))
        raise EngineError(f"{program} ended with exit code {code}: {said[-1] if said else 'it said nothing'}")


def _finished(container: Container, ended: threading.Event) -> int:
    """The exit code. The process is gone when this returns, and when it raises."""
    try:
        while container.running:
            if ended.wait(POLL_SECONDS):
                raise EndedError
        return container.wait()
    finally:
        container.kill()
        try:
            container.wait(10)
        except subprocess.TimeoutExpired:
            log.warning("The engine's process %s did not end.", container.pid)


def _keep(said: list[str], line: str) -> None:
    """The last lines that say something."""
    if line.strip():
        said.append(line.strip())
        del said[:-KEPT_LINES]
