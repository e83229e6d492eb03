"""Runs the user's program as a child and reports why it failed, as SageMaker wants to read it."""

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

from . import paths


def run(program: Path, arguments: list[str], environment: dict[str, str]) -> int:
    """Runs ``python program arguments`` in its own folder; returns the exit code.

    SIGTERM reaches the program, which may save its work. On an error `/opt/ml/output/failure` holds what
    the program wrote there, or the last line of its traceback.
    """
    if not program.is_file():
        write_missing(program)
        return 1
    child = subprocess.Popen(
        [sys.executable, "-u", str(program), *arguments],
        cwd=program.parent,
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
    )

    def forward(number: int, _: FrameType | None) -> None:
        child.send_signal(number)

    previous = signal.signal(signal.SIGTERM, forward)
    tail: deque[str] = deque(maxlen=50)
    reader = threading.Thread(target=_tee, args=(child.stderr or (), tail), daemon=True)
    reader.start()
    code = child.wait()
    reader.join(timeout=5)
    signal.signal(signal.SIGTERM, previous)
    if code != 0:
        paths.write_failure(failure_reason(program.name, code, tail))
    return 128 - code if code < 0 else code


def failure_reason(program: str, code: int, tail: Iterable[str]) -> str:
    """One sentence: the exception that ended the program, or its exit code.

    >>> failure_reason("train.py", 1, ["Traceback (most recent call last):", "ValueError: bad"])
    'ExecuteUserScriptError: train.py: ValueError: bad'
    """
    lines = [line for line in tail if line.strip()]
    if code < 0:
        return f"ExecuteUserScriptError: {program} was ended by signal {signal.Signals(-code).name}"
    reason = lines[-1].strip() if lines else f"exit code {code} and no message on stderr"
    return f"ExecuteUserScriptError: {program}: {reason}"


def write_missing(program: Path) -> None:
    """The failure of a program that is not in the archive, with what is there instead."""
    there = sorted(p.name for p in program.parent.iterdir()) if program.parent.is_dir() else []
    holds = ", ".join(there) or "nothing"
    reason = f"sagemaker_program {program.name} is not in the source directory; it holds {holds}."
    print(reason, file=sys.stderr)
    paths.write_failure(reason)


def _tee(stream: Iterable[bytes], tail: deque[str]) -> None:
    for line in stream:
        sys.stderr.buffer.write(line)
        sys.stderr.buffer.flush()
        tail.append(line[:4096].decode(errors="replace"))
