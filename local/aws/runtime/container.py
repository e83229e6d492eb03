"""A container without a container engine: a process tree in a folder that stands for ``/``."""

import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from local.aws.runtime.images import SOURCES, Image

if TYPE_CHECKING:
    from io import BufferedReader

INIT = Path(__file__).with_name("init_process.py")
MAX_LINE = 256 * 1024
GRACE_SECONDS = 20.0
# What a base image has in its environment or what a process cannot do without; nothing else of the
# server's environment reaches a job.
PASSED_ON = ("JAVA_HOME", "LANG", "LC_ALL", "TZ", "MILLRACE_SPARK_MEMORY")

LineSink = Callable[[str], None]


@dataclass(frozen=True)
class ContainerSpec:
    """What to run: `command` and `environment` may name `/opt/ml` and below, as in the real container.

    With `keeps_read_only` not even root writes to a read-only file or folder.
    """

    image: Image
    venv: Path
    root: Path
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    keeps_read_only: bool = False

    @property
    def base(self) -> Path:
        """The folder that stands for `/opt/ml`."""
        return self.root / "opt" / "ml"


class Container:
    """A running program and every process it starts. `stop` and `wait` may be called from any thread."""

    def __init__(self, spec: ContainerSpec, on_line: LineSink, grace: float = GRACE_SECONDS) -> None:
        self.spec = spec
        self._stopping = threading.Event()
        spec.base.mkdir(parents=True, exist_ok=True)
        (spec.root / "tmp").mkdir(exist_ok=True)
        command = [reroot(part, spec.base) for part in spec.command]
        self._report, report = os.pipe()
        options = [str(grace), str(report), "read-only" if spec.keeps_read_only else ""]
        try:
            # The init process sits in its own session: a Ctrl-C at the server's terminal is not for jobs.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(INIT), *options, *_found(command, spec)],
                cwd=spec.root,
                env=environment(spec),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[report],
            )
        except BaseException:
            os.close(self._report)
            raise
        finally:
            os.close(report)
        self._ended_at = math.inf
        self._pump = threading.Thread(
            target=self._read, args=(on_line,), name=f"log {spec.root.name}", daemon=True
        )
        self._pump.start()

    @property
    def pid(self) -> int:
        """Of the init process, the parent of everything in the container."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """False when every process has ended."""
        return self._process.poll() is None

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, when every line has been handed on. Raises `subprocess.TimeoutExpired`."""
        code = self._process.wait(timeout)
        if code < 0:
            # The init process itself was killed and could not clean up: its session is what is left.
            self._signal_group(signal.SIGKILL)
        self._pump.join(timeout=10)
        if self._process.stdin is not None:
            self._process.stdin.close()
        return 128 - code if code < 0 else code

    @property
    def ended_at(self) -> float:
        """When the program ended, on the monotonic clock; infinite while it runs.

        What the program left running is killed after that, so this tells which of two programs ended first.
        """
        return self._ended_at

    def stop(self) -> None:
        """SIGTERM for the program; after the grace period everything is killed. Does not wait."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends everything at once, as when the server itself goes away."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()

    def _signal_group(self, number: int) -> None:
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    def _read(self, on_line: LineSink) -> None:
        stream = cast("BufferedReader", self._process.stdout)
        with stream:
            for line in lines(stream.read1):
                on_line(line)
        with os.fdopen(self._report, "rb") as report:
            # An init process that was killed reports nothing.
            self._ended_at = float(report.read() or time.monotonic())


def environment(spec: ContainerSpec) -> dict[str, str]:
    """The environment of the program: what the contract lists and nothing of the server's own."""
    path = [str(spec.venv / "bin"), str(spec.image.folder / "bin"), "/usr/local/bin", "/usr/bin", "/bin"]
    values = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    if "JAVA_HOME" in values:
        path.insert(2, str(Path(values["JAVA_HOME"]) / "bin"))
    values |= {
        "PATH": os.pathsep.join(path),
        "HOME": str(spec.root),
        "TMPDIR": str(spec.root / "tmp"),
        "VIRTUAL_ENV": str(spec.venv),
        "PYTHONPATH": str(_shared_code(spec.image)),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1" if not os.access(spec.image.folder, os.W_OK) else "",
        "SAGEMAKER_BASE_DIR": str(spec.base),
        # Jobs share the cores of one machine: threads that spin while they wait slow the others down.
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    values |= {name: reroot(value, spec.base) for name, value in spec.environment.items()}
    return {name: value for name, value in values.items() if value}


def reroot(text: str, base: Path) -> str:
    """`text` with every `/opt/ml` path put below `base`.

    >>> reroot("--input=/opt/ml/processing/in,/opt/mlx", Path("/jobs/a/opt/ml"))
    '--input=/jobs/a/opt/ml/processing/in,/opt/mlx'
    """
    pieces = text.split("/opt/ml")
    result = pieces[0]
    for piece in pieces[1:]:
        inside = not piece or not (piece[0].isalnum() or piece[0] in "_-.")
        # A path that already stands below the base keeps its prefix.
        done = result.endswith(str(base)[: -len("/opt/ml")])
        result += (str(base) if inside and not done else "/opt/ml") + piece
    return result


def lines(read: Callable[[int], bytes]) -> Iterator[str]:
    """Complete lines of a byte stream; a line over 256 KB comes in pieces, bad UTF-8 is replaced."""
    rest = b""
    while chunk := read(65536):
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            yield from _pieces(line)
        while len(rest) > MAX_LINE:
            yield rest[:MAX_LINE].decode(errors="replace")
            rest = rest[MAX_LINE:]
    if rest:
        yield from _pieces(rest)


def _pieces(line: bytes) -> Iterator[str]:
    line = line.rstrip(b"\r")
    for start in range(0, max(len(line), 1), MAX_LINE):
        yield line[start : start + MAX_LINE].decode(errors="replace")


def _shared_code(image: Image) -> Path:
    # A test's image folder has no entrypoint beside it; the real one serves.
    beside = image.folder.parent
    return beside if (beside / "entrypoint").is_dir() else SOURCES


def _found(command: Sequence[str], spec: ContainerSpec) -> list[str]:
    """The command with a program of the image given by its full path.

    ``bin/`` programs are Python files that must run with the image's Python whatever their first line says.
    """
    own = spec.image.folder / "bin" / command[0]
    python = str(spec.venv / "bin" / "python")
    if own.is_file():
        return [python, str(own), *command[1:]]
    if Path(command[0]).name in ("python", "python3"):
        return [python, *command[1:]]
    return list(command)
