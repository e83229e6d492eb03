"""Execution environments: a warm process of a function, which takes one invocation after the other."""

import contextlib
import json
import logging
import os
import select
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from local.aws.runtime.container import INIT, lines
from local.aws.services.lambda_functions.runtime_api import Invocation, Report, RuntimeApi

if TYPE_CHECKING:
    from local.aws.runtime.logs import LogStream

log = logging.getLogger(__name__)

INIT_SECONDS = 60.0
"""That a program has until it asks for its first invocation. 10 on AWS, where nothing else runs beside it."""
MAX_RESPONSE = 6 * 1024 * 1024 + 100
"""Bytes; https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
TAIL = 4096
"""Bytes of the log that an invocation returns."""
PASSED_ON = ("LC_ALL", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "JAVA_HOME")


@dataclass(frozen=True)
class Launch:
    """How to start a program.

    Attributes:
        function: its name.
        version: ``$LATEST`` or a number.
        python: the interpreter.
        arguments: of the interpreter.
        code: the unpacked package.
        root: the environment's own folder; made, and removed when the environment ends.
        variables: the function's and the platform's.
        memory: MB, recorded only.
    """

    function: str
    version: str
    python: Path
    arguments: tuple[str, ...]
    code: Path
    root: Path
    variables: Mapping[str, str]
    memory: int


@dataclass(frozen=True)
class Outcome:
    """What came of an invocation.

    Attributes:
        payload: JSON.
        failed: the function, not the service, failed; the payload says how.
        log_tail: the end of what it logged.
    """

    payload: bytes
    failed: bool
    log_tail: bytes = b""
    seconds: float = 0.0
    request_id: str = ""


class ExecutionEnvironment:
    """One process of a function. One thread at a time may call `invoke`; `kill` may come from any.

    Args:
        launch: what to run.
        stream: where its lines go.
    """

    def __init__(self, launch: Launch, stream: "LogStream") -> None:
        self.launch, self.stream = launch, stream
        self.last_used = time.monotonic()
        self.used = False
        self.alive = True
        self._api = RuntimeApi()
        self._tail: deque[str] = deque()
        self._began = time.monotonic()
        self._program: psutil.Process | None = None
        self._peak = 0
        (launch.root / "tmp").mkdir(parents=True)
        stream.write(f"INIT_START Runtime Version: python:{_version()}\tRuntime Version ARN: local")
        try:
            self._process = self._start()
        except BaseException:
            self._api.close()
            raise
        self._output = _Output(self._process.stdout.fileno(), self._take)  # type: ignore[union-attr]  # a pipe
        threading.Thread(target=self._follow, name=f"lambda {launch.function}", daemon=True).start()

    def invoke(self, invocation: Invocation) -> Outcome:
        """Runs the function once. An environment that failed to start, timed out or exited is not alive."""
        self._tail.clear()
        init_seconds, failure = self._initialise()
        self._say(f"START RequestId: {invocation.request_id} Version: {self.launch.version}")
        began = time.monotonic()
        report = failure
        if report is None:
            self._api.hand_over(invocation)
            report = self._api.next_report(invocation.seconds)
        seconds = time.monotonic() - began
        payload, failed = self._result(report, invocation)
        self._finish(invocation, seconds, init_seconds)
        self.last_used = time.monotonic()
        tail = "".join(f"{line}\n" for line in self._tail).encode()[-TAIL:]
        return Outcome(payload, failed, tail, seconds, invocation.request_id)

    def kill(self) -> None:
        """Ends the process and what it started. Does not wait."""
        self.alive = False
        self._api.close()
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]  # a pipe, whose end the init process sees

    def wait(self, timeout: float) -> None:
        """Returns when the process is gone."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout)

    @property
    def pid(self) -> int:
        """Of the init process, the parent of the program."""
        return self._process.pid

    def _initialise(self) -> tuple[float | None, Report | None]:
        """How long the start took, for the first invocation; the report of a program that did not start."""
        if self.used:
            return None, None
        self.used = True
        report = self._api.next_report(INIT_SECONDS - (time.monotonic() - self._began))
        seconds = time.monotonic() - self._began
        if report is None:
            self.kill()
            reason = f"Init phase timed out after {INIT_SECONDS:.0f} seconds"
            return seconds, Report("init error", error_payload("Sandbox.Timedout", f"Error: {reason}"))
        return seconds, None if report.kind == "ready" else report

    def _result(self, report: Report | None, invocation: Invocation) -> tuple[bytes, bool]:
        """The payload and whether it tells of an error; ends what cannot take another invocation."""
        self._output.drain()
        request = invocation.request_id
        if report is None:
            self.kill()
            said = f"Task timed out after {invocation.seconds:.2f} seconds"
            self._say(f"{datetime.now(UTC).strftime('%Y-%m-%dT%H:%M:%S.%f')[:-3]}Z {request} {said}")
            return error_payload("Sandbox.Timedout", f"RequestId: {request} Error: {said}"), True
        if report.kind == "ended":
            self.kill()
            reason = f"RequestId: {request} Error: Runtime exited {_ending(report.code)}"
            self._say(f"{reason}\nRuntime.ExitError")
            return error_payload("Runtime.ExitError", reason), True
        if report.kind == "init error":
            self.kill()
        if len(report.body) > MAX_RESPONSE:
            said = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE} bytes)."
            return error_payload("Function.ResponseSizeTooLarge", said), True
        return report.body, report.kind != "response"

    def _finish(self, invocation: Invocation, seconds: float, init_seconds: float | None) -> None:
        milliseconds = seconds * 1000
        fields = [
            f"REPORT RequestId: {invocation.request_id}",
            f"Duration: {milliseconds:.2f} ms",
            f"Billed Duration: {int(milliseconds) + 1} ms",
            f"Memory Size: {self.launch.memory} MB",
            f"Max Memory Used: {self._memory()} MB",
        ]
        if init_seconds is not None:
            fields.append(f"Init Duration: {init_seconds * 1000:.2f} ms")
        self._say(f"END RequestId: {invocation.request_id}")
        self._say("\t".join(fields))

    def _memory(self) -> int:
        """The most that the program was seen to use, in MB."""
        with contextlib.suppress(psutil.Error):
            if self._program is None:
                self._program = next(iter(psutil.Process(self.pid).children()), None)
            if self._program is not None:
                self._peak = max(self._peak, self._program.memory_info().rss >> 20)
        return self._peak

    def _say(self, text: str) -> None:
        for line in text.split("\n"):
            self._take(line)

    def _take(self, line: str) -> None:
        self.stream.write(line)
        self._tail.append(line)
        while len(self._tail) > 1 and sum(map(len, self._tail)) > 2 * TAIL:
            self._tail.popleft()

    def _start(self) -> "subprocess.Popen[bytes]":
        launch = self.launch
        with Path(os.devnull).open("wb") as report:
            # In its own session, as jobs are: a Ctrl-C at the server's terminal is not for functions.
            return subprocess.Popen(
                [
                    *(sys.executable, "-I", "-S", str(INIT), "0", str(report.fileno()), ""),
                    *(str(launch.python), *launch.arguments),
                ],
                cwd=launch.code,
                env=self._variables(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[report.fileno()],
            )

    def _variables(self) -> dict[str, str]:
        launch = self.launch
        inherited = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        own = {
            "PATH": os.pathsep.join([str(launch.python.parent), "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(launch.root),
            "TMPDIR": str(launch.root / "tmp"),
            "PYTHONUNBUFFERED": "1",
            "LANG": "en_US.UTF-8",
            "PYTHONUTF8": "1",
            "TZ": ":UTC",
            # Functions share the machine's cores: threads that spin while they wait slow the others down.
            "OMP_WAIT_POLICY": "PASSIVE",
        }
        return inherited | own | {**launch.variables} | {"AWS_LAMBDA_RUNTIME_API": self._api.address}

    def _follow(self) -> None:
        """Hands lines on until the process and all that it started are gone."""
        self._output.follow()
        code = self._process.wait()
        self.alive = False
        self._api.reports.put(Report("ended", code=code))
        self._api.close()
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]  # a pipe
        self._process.stdout.close()  # type: ignore[union-attr]  # a pipe
        self.stream.close()
        shutil.rmtree(self.launch.root, ignore_errors=True)


class _Output:
    """The lines of a pipe. What was written before an answer is handed on before the answer is used."""

    def __init__(self, descriptor: int, on_line: Callable[[str], None]) -> None:
        self._descriptor, self._on_line = descriptor, on_line
        self._lock = threading.Lock()
        self._rest, self._ended = b"", False
        os.set_blocking(descriptor, False)

    def follow(self) -> None:
        """Returns when every writer has closed the pipe."""
        poll = select.poll()  # a server has more files open than select() takes
        poll.register(self._descriptor, select.POLLIN)
        while self.drain():
            poll.poll()

    def drain(self) -> bool:
        """Hands on what is there now; False at the end."""
        with self._lock:
            read = self._read()
            complete, newline, self._rest = (self._rest + read).rpartition(b"\n")
            if self._ended:
                newline, self._rest = newline + self._rest, b""
            for line in _lines(complete + newline):
                self._on_line(line)
            return not self._ended

    def _read(self) -> bytes:
        """What can be read without waiting. The end is noted: the descriptor is another file's soon after."""
        read = bytearray()
        while not self._ended:
            try:
                chunk = os.read(self._descriptor, 65536)
            except BlockingIOError:
                break
            read += chunk
            self._ended = not chunk
        return bytes(read)


def _lines(text: bytes) -> Iterator[str]:
    parts = iter((text, b""))
    return lines(lambda _: next(parts))


def error_payload(kind: str, message: str) -> bytes:
    """What an invocation answers when the program could not."""
    content: dict[str, Any] = {"errorType": kind, "errorMessage": message}
    return json.dumps(content).encode()


def _ending(code: int) -> str:
    """As AWS words it; the init process ends with 128 and the number of the signal."""
    signalled = code - 128 if code > 128 else -code  # noqa: PLR2004  # see above
    if code == 0:
        return "without providing a reason"
    return f"with error: signal: {signalled}" if signalled > 0 else f"with error: exit status {code}"


def _version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
