"""Makes things happen at their times, in a thread of its own."""

import heapq
import itertools
import logging
import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from local.aws.services.scheduler.expressions import Expression

log = logging.getLogger(__name__)

SECONDS = 1.0
"""How often it looks; AWS is as precise as a minute."""
AT_A_TIME = 4


@dataclass(frozen=True)
class Timer:
    """Something that happens at the times of an expression.

    Attributes:
        key: its own; another one after a change.
        since: times before it are not meant.
        until: times after it are not meant.
        late: by how much it may be late, should the server not have run then.
        fire: is called with the time.
    """

    key: Hashable
    expression: Expression
    since: datetime
    fire: Callable[[datetime], None]
    until: datetime | None = None
    late: timedelta = timedelta()

    def next(self, after: datetime) -> datetime | None:
        """The first time that is not before ``after``."""
        found = self.expression.next(max(after, self.since))
        return None if found and self.until and found > self.until else found


class Clock:
    """Fires timers, several at a time. What was missed while the server was down is not made up for.

    Args:
        sources: give all timers that there are at a moment.
    """

    def __init__(self, sources: Sequence[Callable[[], Iterable[Timer]]]) -> None:
        self._sources = sources
        self._started = datetime.now(UTC)
        self._due: dict[Hashable, datetime | None] = {}
        self._later: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="schedules")
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)

    def start(self) -> None:
        """Begins; what was due before this is past."""
        self._started = datetime.now(UTC)
        self._thread.start()

    def stop(self) -> None:
        """Fires nothing any more, and does not wait for what has begun."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Calls something after a while, unless the server is stopped by then."""
        due = datetime.now(UTC) + timedelta(seconds=seconds)
        heapq.heappush(self._later, (due, next(self._numbers), call))

    def _run(self) -> None:
        while not self._stopped.wait(SECONDS):
            try:
                self.tick(datetime.now(UTC))
            except Exception:
                log.exception("The clock could not look at all schedules")

    def tick(self, now: datetime) -> None:
        """Fires what is due."""
        timers = {timer.key: timer for source in self._sources for timer in source()}
        self._due = {key: due for key, due in self._due.items() if key in timers}
        for key, timer in timers.items():
            if key not in self._due:
                self._due[key] = timer.next(self._started - timer.late)
            due = self._due[key]
            if due and due <= now:
                self._submit(timer, due)
                self._due[key] = timer.next(now + timedelta(microseconds=1))
        while self._later and self._later[0][0] <= now:
            call = heapq.heappop(self._later)[2]
            self._pool.submit(_logged, call)

    def _submit(self, timer: Timer, due: datetime) -> None:
        self._pool.submit(_logged, lambda: timer.fire(due))


def _logged(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception:
        log.exception("What was scheduled has failed")
