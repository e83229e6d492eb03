"""Processes under supervisord: it restarts what dies, rotates logs and stops whole process groups."""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import psutil
from supervisor.xmlrpc import SupervisorTransport

from local.stack.config import REPOSITORY, StackConfig
from local.stack.credentials import write_private
from local.stack.errors import MillraceError

SOCKET_LENGTH = 100
"""Longest path of a Unix socket that every system takes (the kernel's limit is 104 to 108)."""


@dataclass(frozen=True)
class Program:
    """One process of the stack."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    priority: int = 10
    """Started in this order, stopped in the reverse."""
    stop_seconds: int = 10
    """From SIGTERM to SIGKILL."""


@dataclass(frozen=True)
class ProcessStatus:
    """A row of `millrace status`."""

    name: str
    state: str
    pid: int
    uptime: float
    message: str

    @property
    def is_running(self) -> bool:
        """Whether it was up for the second that supervisord asks for."""
        return self.state == "RUNNING"

    @property
    def has_failed(self) -> bool:
        """Whether it died and may not come back."""
        return self.state in {"FATAL", "BACKOFF", "UNKNOWN"}


class Supervisor:
    """The supervisord of one stack, over its Unix socket."""

    def __init__(self, config: StackConfig) -> None:
        self.config = config
        self.file = config.home / "supervisor.conf"
        self.socket = socket_path(config.home, "supervisor.sock")

    @property
    def is_running(self) -> bool:
        """Whether supervisord answers."""
        return self.socket.exists() and self._pid() is not None

    def apply(self, programs: Sequence[Program], environment: Mapping[str, str]) -> None:
        """Run these programs: start what is new, restart what changed, keep the rest, stop what is gone."""
        write_private(self.file, self._render(programs))
        if not self.is_running:
            self._start(environment)
            return
        [[added, changed, removed]] = cast("list[list[list[str]]]", self._rpc().reloadConfig())
        for name in (*changed, *removed):
            self._rpc().stopProcessGroup(name)
            self._rpc().removeProcessGroup(name)
        for name in (*added, *changed):
            self._rpc().addProcessGroup(name)
        self.start_ended()

    def start_ended(self) -> None:
        """Start again what died too often or was stopped by hand."""
        for process in self.processes():
            if process.state in {"FATAL", "EXITED", "STOPPED", "UNKNOWN"}:
                self._rpc().startProcess(process.name, False)

    def processes(self) -> list[ProcessStatus]:
        """State of every program; nothing when supervisord does not run."""
        if not self.is_running:
            return []
        rows = cast("list[dict[str, Any]]", self._rpc().getAllProcessInfo())
        return [
            ProcessStatus(
                name=row["name"],
                state=row["statename"],
                pid=row["pid"],
                uptime=float(row["now"] - row["start"]) if row["pid"] else 0.0,
                message=row["spawnerr"] or row["description"],
            )
            for row in rows
        ]

    def stop(self, first: Sequence[str] = ()) -> None:
        """Stop these programs side by side, then the others, then supervisord, and all their children.

        Raises:
            MillraceError: a process is left that does not even go on SIGKILL.
        """
        pid = self._pid()
        if pid is None:
            return
        supervisord = psutil.Process(pid)
        family = set(supervisord.children(recursive=True))
        for row in self.processes():
            if row.name in first and row.pid:
                self._rpc().stopProcess(row.name, False)
        _wait_until(lambda: all(row.pid == 0 for row in self.processes() if row.name in first), seconds=30)
        family |= set(supervisord.children(recursive=True))
        self._rpc().shutdown()
        _end([supervisord], patience=60)
        # What a killed process left behind has no parent that would stop it.
        _end(list(family), patience=1)

    def log_tail(self, name: str, lines: int = 15) -> str:
        """The last lines that a program wrote."""
        file = self.config.log / f"{name}.log"
        if not file.exists():
            return ""
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - 16_384))
            return "\n".join(stream.read().decode(errors="replace").splitlines()[-lines:])

    def _start(self, environment: Mapping[str, str]) -> None:
        # A link left by a crash makes supervisord believe that another one listens.
        self.socket.unlink(missing_ok=True)
        started = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(self.file)],
            env=dict(environment),
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
        if started.returncode:
            raise MillraceError(f"supervisord does not start: {(started.stderr or started.stdout).strip()}")
        if not _wait_until(lambda: self._pid() is not None, seconds=15):
            raise MillraceError(f"supervisord does not answer: see {self.config.log / 'supervisor.log'}.")

    def _pid(self) -> int | None:
        try:
            return cast("int", self._rpc().getPID())
        except (OSError, xmlrpc.client.Error):
            return None

    def _rpc(self) -> Any:
        transport = SupervisorTransport(None, None, serverurl=f"unix://{self.socket}")
        return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor

    def _render(self, programs: Sequence[Program]) -> str:
        log = self.config.log
        head = f"""
[unix_http_server]
file = {self.socket}
chmod = 0700

[supervisord]
logfile = {log / "supervisor.log"}
logfile_maxbytes = 1MB
logfile_backups = 1
pidfile = {self.config.home / "supervisor.pid"}
childlogdir = {log}
umask = 077
silent = true

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
        return head + "".join(self._section(program) for program in programs)

    def _section(self, program: Program) -> str:
        environment = ",".join(
            f"{name}={_quoted(value)}" for name, value in sorted(program.environment.items())
        )
        return f"""
[program:{program.name}]
command = {" ".join(_quoted(word) for word in program.command)}
environment = {environment}
directory = {_escaped(str(REPOSITORY))}
priority = {program.priority}
autorestart = true
startretries = 5
stopwaitsecs = {program.stop_seconds}
killasgroup = true
redirect_stderr = true
stdout_logfile = {_escaped(str(self.config.log / program.name))}.log
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 3
"""


def _end(processes: list[psutil.Process], patience: float) -> None:
    """Wait for processes, then kill those that are left."""
    _, alive = psutil.wait_procs(processes, timeout=patience)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _, alive = psutil.wait_procs(alive, timeout=10)
    if alive:
        raise MillraceError(f"Processes {[process.pid for process in alive]} do not end: stop them by hand.")


def socket_path(home: Path, name: str) -> Path:
    """Where a socket of a stack is: in its home, or in a private place that is shorter.

    Raises:
        MillraceError: that place is open to others.
    """
    socket = home / name
    if len(str(socket)) <= SOCKET_LENGTH:
        return socket
    digest = hashlib.sha256(str(home).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"millrace-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise MillraceError(f"{folder} is open to others: remove it, or set MILLRACE_HOME to a shorter path.")
    return folder / socket.name


def _escaped(value: str) -> str:
    return value.replace("%", "%%")


def _quoted(value: str) -> str:
    if '"' in value or "\n" in value:
        raise MillraceError(f"{value!r} has a quote or a line break, which a stack's settings cannot have.")
    return f'"{_escaped(value)}"'


def _wait_until(condition: Any, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
