"""A Docker engine: the one that runs here, or one of our own that ends with the test."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.compose import host_network

PACKAGES = ["docker.io", "docker-compose", "debootstrap"]
START_SECONDS = 60
WAYS = (
    ["--storage-driver=overlay2"],
    ["--storage-driver=vfs"],
    # A kernel or sandbox without netfilter: containers reach each other, but nothing else.
    ["--storage-driver=vfs", "--iptables=false", "--ip6tables=false", "--ip-masq=false"],
)
"""How a daemon of our own is started; the next where one fails."""


class NoEngineError(RuntimeError):
    """There is no Docker engine here and none can be started; says what was tried."""


@dataclass(frozen=True)
class Engine:
    """Where a daemon listens, and whether it is ours: what is in another's is not touched."""

    host: str | None
    is_ours: bool

    @property
    def environment(self) -> dict[str, str]:
        """What its clients need."""
        return {**os.environ, **({"DOCKER_HOST": self.host} if self.host else {})}

    def docker(self, *arguments: str, **options: object) -> str:
        """The output of a docker command."""
        return output(["docker", *arguments], self.environment, **options)


@contextmanager
def running_engine(home: Path) -> Iterator[Engine]:
    """The engine of this machine, or one of our own that keeps its images in ``home``.

    Raises:
        NoEngineError: neither is to be had.
    """
    if _answers(os.environ):
        yield Engine(None, is_ours=False)
        return
    _install()
    reasons = []
    for way in WAYS:
        with ExitStack() as stack:
            stack.enter_context(host_network.restored())
            try:
                engine = stack.enter_context(_daemon(home, way))
            except NoEngineError as error:
                reasons.append(f"{' '.join(way)}: {error}")
                continue
            print(f"dockerd runs with {' '.join(way)}", flush=True)
            yield engine
            return
    raise NoEngineError("dockerd does not start. " + " | ".join(reasons))


def output(command: Sequence[str], environment: Mapping[str, str], **options: object) -> str:
    """Standard output of a command.

    Raises:
        RuntimeError: it failed; with the end of what it said.
    """
    done = subprocess.run(  # type: ignore[call-overload]
        command, env=dict(environment), capture_output=True, text=True, check=False, **options
    )
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-25:])
        raise RuntimeError(f"`{' '.join(command)}` ended with {done.returncode}:\n{said}")
    return str(done.stdout)


def _answers(environment: Mapping[str, str]) -> bool:
    if not shutil.which("docker"):
        return False
    ask = ["docker", "version", "--format", "{{.Server.Version}}"]
    return subprocess.run(ask, env=dict(environment), capture_output=True, check=False).returncode == 0


def _install() -> None:
    if shutil.which("dockerd") and shutil.which("debootstrap"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise NoEngineError("no engine answers, and only root on Debian can install one")
    # In run level 1 the packages start no daemon of their own.
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    try:
        output(["apt-get", "update", "-qq"], quiet)
        output(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES], quiet)
    except RuntimeError as error:
        raise NoEngineError(str(error)) from error


@contextmanager
def _daemon(home: Path, way: Sequence[str]) -> Iterator[Engine]:
    """A daemon that keeps its images below ``home`` and whose containers end with it."""
    home.mkdir(parents=True, exist_ok=True)
    # A socket's path is short.
    run = Path(tempfile.mkdtemp(prefix="millrace-docker-"))
    log = home / "dockerd.log"
    command = [
        "dockerd",
        f"--data-root={home / 'data'}",
        f"--exec-root={run / 'exec'}",
        f"--pidfile={run / 'pid'}",
        f"--host=unix://{run / 'docker.sock'}",
        *way,
    ]
    engine = Engine(f"unix://{run / 'docker.sock'}", is_ours=True)
    with log.open("wb") as stream:
        daemon = subprocess.Popen(command, stdout=stream, stderr=stream, start_new_session=True)
    try:
        _wait(daemon, engine, log)
        yield engine
    finally:
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.wait(timeout=60)
        except subprocess.TimeoutExpired:
            # Its containerd has the same session.
            with suppress(ProcessLookupError):
                os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()
        _remove(run)


def _remove(folder: Path) -> None:
    """A folder below which the daemon has left mounts."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in reversed([each for each in mounts if Path(each).is_relative_to(folder)]):
        subprocess.run(["umount", mount], capture_output=True, check=False)
    shutil.rmtree(folder, ignore_errors=True)


def _wait(daemon: "subprocess.Popen[bytes]", engine: Engine, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(engine.environment):
        if daemon.poll() is not None or time.monotonic() > deadline:
            lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
            raise NoEngineError(lines[-1] if lines else "no output")
        time.sleep(0.3)
