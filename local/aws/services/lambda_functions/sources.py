"""What reads event sources: for every mapping that is enabled, pollers that call its function."""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends

from local.aws.services.lambda_functions.context import current
from local.aws.services.lambda_functions.function import LocalFunction
from local.aws.services.lambda_functions.mapping import LocalMapping

log = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
"""After something went wrong that is not the function's fault."""
OK = "OK"
FAILED = "PROBLEM: Function call failed"


class Poller(ABC):
    """Reads one event source for one mapping, on threads of its own, until it is stopped."""

    def __init__(self, mapping: LocalMapping, before: "Poller | None" = None) -> None:
        self.mapping = mapping
        self.stopped = threading.Event()
        self._before = before
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begins to read, as soon as the poller that this one takes the place of has ended."""
        self._spawn("starter", self._begin)

    def stop(self) -> None:
        """Takes no further batch. Does not wait."""
        self.stopped.set()

    def join(self, timeout: float | None = None) -> None:
        """Waits for what is under way."""
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join(timeout)

    @property
    def behind(self) -> float:
        """Seconds by which reading a stream lags behind its latest record."""
        return 0.0

    @abstractmethod
    def work(self) -> Iterable[Any]:
        """Arguments of `step`: each gets a thread that calls it again and again."""

    @abstractmethod
    def step(self, what: Any) -> bool:
        """Takes one batch if there is one; False when there never will be another."""

    def function(self) -> LocalFunction:
        """The function, as it is now. Raises moto's error if it is gone."""
        mapping = self.mapping
        backend: Any = lambda_backends[mapping.account_id][mapping.region]
        found: LocalFunction = backend.get_function(mapping.function_arn)
        return found

    def note(self, result: str) -> None:
        """Keeps what came of a batch; it is saved with the next change."""
        self.mapping.last_result = result

    @property
    def ending(self) -> bool:
        """Whether this poller, or the whole server, is to end."""
        return self.stopped.is_set() or current().aws.stopping.is_set()

    def _begin(self) -> None:
        if self._before:
            self._before.join()
        for what in self.work():
            self.follow(what)

    def follow(self, what: Any) -> None:
        """Starts a thread on another part of the work."""
        self._spawn(str(what), lambda: self._repeat(what))

    def _repeat(self, what: Any) -> None:
        while not self.ending:
            try:
                if not self.step(what):
                    return
            except UnknownFunctionException:
                self.note("PROBLEM: Function not found")
                self.stopped.wait(PAUSE_SECONDS)
            except Exception as error:  # a source that is gone, or a bug: the next batch may be well
                log.warning("Mapping %s: %s: %s", self.mapping.uuid, type(error).__name__, error)
                self.note(f"PROBLEM: {error}")
                self.stopped.wait(PAUSE_SECONDS)

    def _spawn(self, name: str, target: Any) -> None:
        thread = threading.Thread(target=target, name=f"{self.mapping.source_name} {name}", daemon=True)
        self._threads.append(thread)
        thread.start()


class Sources:
    """The pollers of all mappings."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pollers: dict[str, Poller] = {}

    def start(self) -> None:
        """Goes on where the last process ended."""
        for _, _, backend in lambda_backends.iter_backends():
            for mapping in list(backend._event_source_mappings.values()):  # type: ignore[attr-defined]  # noqa: SLF001
                self.refresh(mapping)

    def refresh(self, mapping: LocalMapping) -> None:
        """Makes the pollers those of the mapping as it is now."""
        with self._lock:
            before = self._pollers.pop(mapping.uuid, None)
            if before:
                before.stop()
            if mapping.enabled:
                self._pollers[mapping.uuid] = poller = _poller(mapping, before)
                poller.start()

    def remove(self, mapping: LocalMapping) -> None:
        """Stops reading for a mapping that is gone."""
        with self._lock:
            poller = self._pollers.pop(mapping.uuid, None)
        if poller:
            poller.stop()

    def behind(self, mapping: LocalMapping) -> float:
        """Seconds by which reading a stream lags behind its latest record."""
        with self._lock:
            poller = self._pollers.get(mapping.uuid)
        return poller.behind if poller else 0.0

    def close(self) -> None:
        """Stops all. What was under way is lost with its processes, and read again at the next start."""
        with self._lock:
            pollers = list(self._pollers.values())
            self._pollers.clear()
        for poller in pollers:
            poller.stop()


def _poller(mapping: LocalMapping, before: Poller | None) -> Poller:
    from local.aws.services.lambda_functions.kinesis_source import StreamPoller  # noqa: PLC0415  # a cycle
    from local.aws.services.lambda_functions.sqs_source import QueuePoller  # noqa: PLC0415

    return (StreamPoller if mapping.of_stream else QueuePoller)(mapping, before)
