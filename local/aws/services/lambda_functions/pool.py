"""The execution environments of all functions: warm ones are used again, new ones made within a bound."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from local.aws.services.lambda_functions.environment import ExecutionEnvironment
from local.aws.services.lambda_functions.errors import ThrottledError

IDLE_SECONDS = 300.0
"""After which a process that nobody calls is ended."""
REAP_SECONDS = 30.0
PATIENCE = 60.0
"""Seconds that an invocation waits for one of the machine's places."""
RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"
UNRESERVED = "ConcurrentInvocationLimitExceeded"

Start = Callable[[], ExecutionEnvironment]


@dataclass
class Figures:
    """What the pages show of a function; counted since the server started."""

    invocations: int = 0
    errors: int = 0
    throttles: int = 0
    seconds: float = 0.0


@dataclass
class _Family:
    """The environments of one function.

    Attributes:
        edition: changes with code and configuration; environments of an older one take no more invocations.
    """

    edition: str = ""
    idle: list[ExecutionEnvironment] = field(default_factory=list)
    busy: int = 0


class Pool:
    """Lends environments.

    Args:
        places: processes at a time, of all functions; an invocation beyond waits, as AWS has a thousand.
    """

    def __init__(self, places: int) -> None:
        self.places = places
        self.figures: defaultdict[str, Figures] = defaultdict(Figures)
        self._changed = threading.Condition()
        self._families: defaultdict[str, _Family] = defaultdict(_Family)
        self._busy_by_function: Counter[str] = Counter()
        self._all: set[ExecutionEnvironment] = set()
        self._starting = 0
        self._closed = False

    def start(self) -> None:
        """Begins to end what is idle."""
        threading.Thread(target=self._reap, name="lambda reaper", daemon=True).start()

    @contextmanager
    def lend(
        self, function: str, version: str, edition: str, reserved: int | None, start: Start
    ) -> Iterator[ExecutionEnvironment]:
        """An environment of its own until the end of the block.

        Args:
            function: ARN without a version, by which concurrency is reserved.
            version: of the function.
            edition: of code and configuration.
            reserved: the function's concurrency; None for the account's.
            start: makes an environment.

        Raises:
            ThrottledError: the reserved concurrency is in use, or no place became free.
        """
        environment = self._take(function, version, edition, reserved)
        try:
            if environment is None:
                environment = self._started(start)
            yield environment
        finally:
            self._give_back(function, version, edition, environment)

    def close(self) -> None:
        """Ends every process and returns when they are gone."""
        with self._changed:
            self._closed = True
            environments = list(self._all)
            self._changed.notify_all()
        for environment in environments:
            environment.kill()
        for environment in environments:
            environment.wait(5)

    def discard(self, function: str) -> None:
        """Ends what is idle of a function that is gone; what is busy ends with its invocation."""
        with self._changed:
            for name, family in self._families.items():
                if name.rpartition(":")[0] == function:
                    family.edition = ""
                    self._end(family.idle)

    def environments(self, function: str) -> tuple[int, int]:
        """How many are busy, and how many wait for an invocation."""
        with self._changed:
            families = [f for name, f in self._families.items() if name.rpartition(":")[0] == function]
            return self._busy_by_function[function], sum(len(family.idle) for family in families)

    def _take(
        self, function: str, version: str, edition: str, reserved: int | None
    ) -> ExecutionEnvironment | None:
        """A warm environment, or None where a new one may be started."""
        give_up = time.monotonic() + PATIENCE
        with self._changed:
            if reserved is not None and self._busy_by_function[function] >= reserved:
                self.figures[function].throttles += 1
                raise ThrottledError(RESERVED)
            family = self._current_family(function, version, edition)
            while True:
                if self._closed:
                    raise ThrottledError(UNRESERVED)
                found = self._warm(family)
                if found or self._makes_room():
                    family.busy += 1
                    self._busy_by_function[function] += 1
                    self._starting += found is None
                    return found
                if not self._changed.wait(give_up - time.monotonic()):
                    self.figures[function].throttles += 1
                    raise ThrottledError(UNRESERVED)

    def _current_family(self, function: str, version: str, edition: str) -> _Family:
        family = self._families[f"{function}:{version}"]
        if family.edition != edition:
            self._end(family.idle)
            family.edition = edition
        return family

    def _warm(self, family: _Family) -> ExecutionEnvironment | None:
        """The one that was used last: the others may become idle long enough to be ended."""
        while family.idle:
            environment = family.idle.pop()
            if environment.alive:
                return environment
            self._all.discard(environment)
        return None

    def _makes_room(self) -> bool:
        """Whether there is a free place; the environment that was idle for longest gives up its own."""
        if len(self._all) + self._starting < self.places:
            return True
        idle = [(e.last_used, id(e), e, f) for f in self._families.values() for e in f.idle]
        if not idle:
            return False
        *_, environment, family = min(idle)
        family.idle.remove(environment)
        self._end([environment])
        return True

    def _started(self, start: Start) -> ExecutionEnvironment:
        environment = None
        try:
            environment = start()
            return environment
        finally:
            with self._changed:
                self._starting -= 1
                if environment:
                    self._all.add(environment)
                    if self._closed:
                        environment.kill()

    def _give_back(
        self, function: str, version: str, edition: str, environment: ExecutionEnvironment | None
    ) -> None:
        with self._changed:
            family = self._families[f"{function}:{version}"]
            family.busy -= 1
            self._busy_by_function[function] -= 1
            if environment and environment.alive and family.edition == edition and not self._closed:
                family.idle.append(environment)
            elif environment:
                self._end([environment])
            self._changed.notify_all()

    def _end(self, environments: list[ExecutionEnvironment]) -> None:
        for environment in environments:
            environment.kill()
            self._all.discard(environment)
        environments.clear()

    def _reap(self) -> None:
        while True:
            with self._changed:
                if self._changed.wait_for(lambda: self._closed, REAP_SECONDS):
                    return
                long_ago = time.monotonic() - IDLE_SECONDS
                for family in self._families.values():
                    late = [e for e in family.idle if e.last_used < long_ago or not e.alive]
                    family.idle = [e for e in family.idle if e not in late]
                    self._end(late)
