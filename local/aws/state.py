"""The state on disk: one snapshot of all services, written soon after a change, loaded at the start.

``<home>/snapshot``  a line of JSON (which versions wrote it), then the pickled backends
``<home>/objects/``  bodies of S3 objects, one file each; the snapshot only names them
``<home>/unsaved/``  what must not wait for the next snapshot: messages that were sent to queues
``<home>/lock``      held while a server uses the folder
"""

import fcntl
import json
import logging
import os
import shutil
import stat
import tempfile
import threading
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from local.aws import pickling
from local.aws.gate import Gate
from local.aws.services.s3.bodies import Bodies
from local.aws.services.s3.models import stored_bodies
from local.aws.unsaved import Unsaved

log = logging.getLogger(__name__)

FORMAT = 1
DEBOUNCE_SECONDS = 1.0
SHARE = 10
"""A snapshot that takes long is written less often: at most every ``SHARE`` times its duration."""


class StateRefusedError(RuntimeError):
    """The state folder cannot be used: it is not safe, or another server has it."""


class Saver:
    """Loads the snapshot of a folder and keeps it current.

    Args:
        home: The state folder; made if missing, readable by its owner only.
        gate: Says when nobody changes the state.
    """

    def __init__(self, home: Path, gate: Gate) -> None:
        self._home = home
        self._file = home / "snapshot"
        self._gate = gate
        self._wanted = threading.Event()
        self._stopped = threading.Event()
        self._saved = float("-inf")
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = _lock(home)
        self.bodies = Bodies.open(home / "objects")
        self.unsaved = Unsaved(home / "unsaved")

    def load(self) -> None:
        """Puts the saved state in place, or starts empty where there is none.

        Raises:
            StateRefusedError: others could have written the snapshot.
        """
        pickling.forget_instances()
        if self._file.exists():
            _check_owner(self._home)
            _check_owner(self._file)
            self._load_or_set_aside()
        self.bodies.sweep(stored_bodies())

    def _load_or_set_aside(self) -> None:
        with self._file.open("rb") as file:
            written_by = file.readline()
            data = file.read()
        if written_by != _versions():
            self._set_aside(f"was written by {written_by.decode(errors='replace').strip()[:200]}")
            return
        try:
            pickling.restore(data)
        except Exception as error:  # unpickling runs the constructors of every service
            log.exception("Loading %s failed", self._file)
            pickling.clear()
            self._set_aside(f"does not load ({type(error).__name__}: {error})")

    def _set_aside(self, why: str) -> None:
        """Keeps an unusable state, with all that belongs to it, beside the new one."""
        aside = self._home / f"set-aside-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        aside.mkdir(mode=0o700)
        shutil.move(self._file, aside)
        self.bodies.move_to(aside / "objects")
        self.unsaved.move_to(aside / "unsaved")
        ours = _versions().decode().strip()
        log.error(
            "The saved state %s %s, this is %s: moved to %s, starting empty.", self._file, why, ours, aside
        )

    def start(self) -> None:
        """Begins to write snapshots when they are asked for."""
        self._thread.start()

    def request(self) -> None:
        """Asks for a snapshot soon."""
        self._wanted.set()

    def has_saved(self, moment: float) -> bool:
        """Whether the snapshot has all that had changed at a moment of the monotonic clock."""
        return self._saved >= moment

    def stop(self) -> None:
        """Writes the last snapshot and gives the folder back."""
        self._stopped.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            self.save()
        finally:
            self.release()

    def release(self) -> None:
        """Gives the folder back without writing to it."""
        os.close(self._lock)

    def _run(self) -> None:
        while self._wanted.wait() and not self._stopped.is_set():
            began = time.monotonic()
            self._wanted.clear()
            try:
                self.save()
            except Exception:  # the disk may be full now and free later
                log.exception("The state could not be saved; the next change tries again")
            took = time.monotonic() - began
            self._stopped.wait(max(DEBOUNCE_SECONDS, SHARE * took))

    def save(self) -> None:
        """Writes the snapshot in one step: whoever reads sees the old or the new one, whole."""
        with self._gate.copying():
            began = time.monotonic()
            dropped = self.bodies.dropped()
            contained = self.unsaved.cut()
            data = pickling.dump()
        _write_whole(self._file, _versions() + data)
        self._saved = began
        self.unsaved.remove(contained)
        # A body must outlive the last snapshot that names it.
        self.bodies.remove(dropped)


def _versions() -> bytes:
    return json.dumps({"format": FORMAT, "moto": version("moto")}).encode() + b"\n"


def _write_whole(path: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise


def _check_owner(path: Path) -> None:
    """Loading a pickle runs what it says, so only this user may have written it."""
    status: Any = path.stat()
    if status.st_uid != os.getuid():
        raise StateRefusedError(
            f"{path} belongs to user {status.st_uid}, not to you: move it away or choose another --home."
        )
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        mode = stat.S_IMODE(status.st_mode)
        raise StateRefusedError(
            f"{path} has mode {mode:04o}, so others can change it: chmod go-w it, or move it away."
        )


def _lock(home: Path) -> int:
    descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StateRefusedError(
            f"Another local AWS uses {home}: stop it, or choose another --home."
        ) from error
    return descriptor
