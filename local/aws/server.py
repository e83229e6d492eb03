"""The local AWS as an object: starts, remembers, announces, stops."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from local.aws import pickling, services, state
from local.aws.calls.record import Record
from local.aws.dispatch import Dispatcher
from local.aws.gate import Gate
from local.aws.http import HOST, HttpServer, bind
from local.aws.services.events.bus import publish

log = logging.getLogger(__name__)

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"
PATIENCE = 3.0
"""Seconds that requests in progress have to end at shutdown."""


class LocalAws:
    """An AWS-compatible server on ``127.0.0.1``, as a context manager.

    moto keeps its backends in module variables, so one process runs one at a time.

    Args:
        home: Folder of the state: snapshot, object bodies, job directories. Made if missing.
        images: Folder of the job images' virtual environments.
        port: Port to listen on; 0 takes a free one.

    Raises:
        local.aws.http.PortInUseError: by ``start``; another process listens on ``port``.
        local.aws.state.StateRefusedError: by ``start``; the saved state is not safe to load, or in use.
    """

    _running: ClassVar[Self | None] = None

    def __init__(self, home: Path, images: Path, port: int = 0) -> None:
        self.home = Path(home).resolve()
        self.images = Path(images).resolve()
        self.account_id = ACCOUNT_ID
        self.region = REGION
        self.endpoint_url = ""
        self.ready = False
        self.stopping = threading.Event()
        self._port = port
        self._gate = Gate()
        self._services = services.load()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Loads the saved state and serves; returns when requests are answered."""
        if LocalAws._running:
            raise RuntimeError(f"This process already runs a local AWS at {LocalAws._running.endpoint_url}.")
        listener = bind(self._port)
        try:
            self._port = listener.getsockname()[1]
            self.endpoint_url = f"http://{HOST}:{self._port}"
            self._load()
        except BaseException:
            listener.close()
            raise
        LocalAws._running = self
        self._http = HttpServer(listener, Dispatcher(self))
        threading.Thread(
            target=self._http.serve_forever, name="http", kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        self._saver.start()
        self.calls.start()
        for service in self._services:
            if recover := services.hook(service, "recover"):
                recover()
        self.ready = True

    def _load(self) -> None:
        self.stopping.clear()
        self._saver = state.Saver(self.home, self._gate)
        try:
            pickling.clear()
            for service in self._services:
                service.install(self)
            self._saver.load()
            for service in self._services:
                if loaded := services.hook(service, "loaded"):
                    loaded()
            self.calls = Record(self.home / "calls")
            self.calls.load()
        except BaseException:
            self._saver.release()
            raise

    def stop(self) -> None:
        """Ends jobs and long polls, takes the last snapshot and stops listening."""
        if LocalAws._running is not self:
            return
        self.ready = False
        self.stopping.set()
        for service in reversed(self._services):
            if stop := services.hook(service, "stop"):
                stop()
        self._http.stop(PATIENCE)
        self.calls.stop()
        try:
            self._saver.stop()
        finally:
            pickling.clear()
            LocalAws._running = None

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Holds snapshots off while the state changes, and asks for one afterwards."""
        with self._gate.changing():
            yield
        self.changed()

    def changed(self) -> None:
        """Asks for a snapshot soon."""
        self._saver.request()

    def keep(self, entry: Mapping[str, Any], apply: Callable[[], None]) -> None:
        """Changes the state in a way that outlives a killed server from now on.

        Args:
            entry: what happens, in JSON; a service reads it again in its ``loaded``.
            apply: the change itself; waits for nobody.

        Raises:
            local.aws.unsaved.NotKeptError: the disk does not take it, and nothing is changed.
        """
        self._saver.unsaved.append(entry, apply)

    def kept(self) -> Iterator[dict[str, Any]]:
        """What the last process has kept, in order; some of it the snapshot may have as well."""
        return self._saver.unsaved.entries()

    def has_saved(self, moment: float) -> bool:
        """Whether what had changed at a moment of the monotonic clock outlives a killed server.

        If it does not yet, a snapshot is asked for: the last one may have begun just before the moment.
        """
        if self._saver.has_saved(moment):
            return True
        self.changed()
        return False

    def put_event(
        self,
        source: str,
        detail_type: str,
        detail: dict[str, Any],
        resources: Iterable[str] = (),
        region: str = REGION,
    ) -> str:
        """Publishes an event to the default bus of ``region``; returns its id."""
        return publish(source, detail_type, detail, list(resources), ACCOUNT_ID, region)
