"""People's work: keeps review tasks and workers, and takes the answers to where the tasks came from.

This is no service of AWS: human loops (and whatever else asks people) put tasks here, and the page for
reviewers works on them.
"""

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from local.aws.current import Current
from local.aws.review.tasks import Ended, ReviewTasks
from local.aws.review.workers import Workers
from local.aws.services.review.models import ReviewBackend, review_backends

if TYPE_CHECKING:
    from local.aws.server import LocalAws

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
"""Between looks at the clock (a laptop sleeps), and before a delivery that failed is tried again."""

Source = Callable[[Ended], None]
"""Takes note that a task ended. It may be told again of one that it knows: after a crash, for one."""

_sources: dict[str, Source] = {}
_aws = Current["LocalAws"]("Review")
_courier: "Courier | None" = None


def register(name: str, source: Source) -> None:
    """Says who is told when a task that was added with this name ends. Called by the source's `install`."""
    _sources[name] = source


def tasks() -> ReviewTasks:
    """The tasks of the running server."""
    return _backend().tasks


def workers() -> Workers:
    """The workers of the running server."""
    return _backend().workers


def install(aws: "LocalAws") -> None:
    """Remembers the server."""
    _aws.set(aws)


def recover() -> None:
    """Begins to deliver; what ended before a restart comes first."""
    global _courier  # noqa: PLW0603
    _courier = Courier(_aws(), tasks())
    _courier.start()


def stop() -> None:
    """Ends a delivery that is under way; what is left is delivered after the next start."""
    if _courier:
        _courier.stop()


def _backend() -> ReviewBackend:
    backend: ReviewBackend = review_backends[_aws().account_id]["aws"]
    return backend


class Courier:
    """Tells the source of each task that it ended, and has every change saved."""

    def __init__(self, aws: "LocalAws", tasks: ReviewTasks) -> None:
        self._aws = aws
        self._tasks = tasks
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="review tasks", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Returns when no delivery is under way."""
        self._stopped.set()
        self._tasks.wake()
        self._thread.join()

    def _run(self) -> None:
        seen = self._tasks.wait(-1, 0)
        while not self._stopped.is_set():
            for ended in self._tasks.ended():
                self._deliver(ended)
            now = self._tasks.wait(seen, LOOK_SECONDS)
            if now != seen:
                self._aws.changed()
            seen = now

    def _deliver(self, ended: Ended) -> None:
        try:
            _sources[ended.source](ended)
        except Exception:  # the other tasks must not wait for this one; it is tried again
            log.exception("The end of review task %s was not taken by %s", ended.task.id, ended.source)
        else:
            self._tasks.settle(ended.task.id)
