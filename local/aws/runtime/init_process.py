"""The first process of a container: starts the program, passes signals on, leaves nothing behind.

Run as ``python -I -S init_process.py GRACE_SECONDS REPORT READ_ONLY PROGRAM [ARGUMENT ...]`` by its path,
with nothing of ours importable. Its standard input is a pipe that the server holds open: the end of it means
that the server is gone, and then everything in the container is killed. On Linux it adopts orphaned
grandchildren, so that a process which left the group is found too. To the file descriptor REPORT it writes
when the program ended. If READ_ONLY is not empty, a program that runs as root on Linux gives up its right to
write what is read-only.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
CAP_DAC_OVERRIDE = 1


def main() -> int:
    """Exit code of the program, 128 + signal if a signal ended it."""
    grace, report, read_only = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    command = sys.argv[4:]
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        program = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            preexec_fn=lambda: _confine(keep_read_only=bool(read_only)),  # noqa: PLW1509
        )
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127 if isinstance(error, FileNotFoundError) else 126
    code = _supervise(program.pid, wake_read, grace)
    with contextlib.suppress(BrokenPipeError):  # the server is gone
        os.write(report, str(time.monotonic()).encode())
    _kill_everything()
    return code


def _supervise(program: int, wake: int, grace: float) -> int:
    deadline: float | None = None
    while True:
        code = _reap(program)
        if code is not None:
            return code
        timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select([wake, 0], [], [], timeout)
        if 0 in ready and not os.read(0, 1):
            return 128 + signal.SIGKILL
        if wake in ready and any(n in (signal.SIGTERM, signal.SIGINT) for n in os.read(wake, 512)):
            deadline = deadline or time.monotonic() + grace
            with contextlib.suppress(ProcessLookupError):
                os.kill(program, signal.SIGTERM)
        if deadline is not None and time.monotonic() >= deadline:
            return 128 + signal.SIGKILL


def _reap(program: int) -> int | None:
    """Collects ended processes; the program's exit code if it is among them."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if pid == 0:
            return None
        if pid == program:
            code = os.waitstatus_to_exitcode(status)
            return 128 - code if code < 0 else code


def _kill_everything() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for _ in range(100):
        children = _descendants()
        if not children:
            return
        for pid in children:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.01)


def _descendants() -> list[int]:
    """Living processes below this one, by /proc; by the process group where there is no /proc."""
    parents: dict[int, int] = {}
    try:
        names = [path.name for path in Path("/proc").iterdir()]
    except FileNotFoundError:
        return _group_members()
    for name in names:
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                # The command may hold spaces and brackets; what follows the last bracket does not.
                state, parent = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[:2]
                if state != "Z":
                    parents[int(name)] = int(parent)
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found and pid not in found}:
        found |= more
    return sorted(found - {os.getpid()})


def _group_members() -> list[int]:
    listing = subprocess.run(["ps", "-ax", "-o", "pid=,pgid="], capture_output=True, text=True, check=False)
    rows = (line.split() for line in listing.stdout.splitlines() if line.strip())
    group = str(os.getpgrp())
    own = os.getpid()
    return [int(pid) for pid, of in rows if of == group and int(pid) != own]


def _confine(*, keep_read_only: bool) -> None:
    """In the program's process, before it is the program: it dies with this one."""
    signal.set_wakeup_fd(-1)
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if keep_read_only:
        _prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
