"""Events on their way through queue and function into the counters."""

import time
from collections.abc import Sequence
from typing import Any

from bench.amp_serving_rig.figures import row, times
from bench.amp_serving_rig.function import BATCH, Function, Queue
from bench.reporting import Row

PATIENCE = 120
LOST = "lost or counted twice"


def reflections(function: Function, queue: Queue, rounds: int) -> list[Row]:
    """From when an event is sent until a read has it."""
    taken = []
    for number in range(rounds):
        show = f"reflected-{number}"
        event = function.like(show)
        start = time.perf_counter()
        queue.send([event])
        while not function.likes([show]):
            if time.perf_counter() - start > PATIENCE:
                raise SystemExit(f"A like is not counted after {PATIENCE} seconds")
            time.sleep(0.001)
        taken.append(1000 * (time.perf_counter() - start))
    return times("reflected, from queue to read", taken, "< 1000")


def sustained(function: Function, queue: Queue, events: int) -> list[Row]:
    """As fast as they can be sent; then none until all are counted."""
    shows = _shows("sustained")
    start, largest = time.perf_counter(), 0
    for at in range(0, events, BATCH):
        queue.send(_likes(function, shows, at))
        if at % (10 * BATCH) == 0:
            largest = max(largest, queue.backlog())
    sent = time.perf_counter() - start
    queue.drain()
    seconds = time.perf_counter() - start
    return [
        row("sent", events / sent, "events/s"),
        row("counted", events / seconds, "events/s"),
        row("largest backlog", largest, "events"),
        row(LOST, abs(events - function.likes(shows)), "events", "0"),
    ]


def overload(function: Function, queue: Queue, events: int) -> list[Row]:
    """As fast as they can be sent, to a function that may not count as fast; then none until all are counted.

    Raises:
        SystemExit: the backlog does not grow from quarter to quarter, so nothing was overloaded.
    """
    shows = _shows("overloaded")
    ends = [events * quarter // 4 // BATCH * BATCH for quarter in range(1, 5)]
    waiting: list[int] = []
    with queue.throttled():
        start = time.perf_counter()
        for at in range(0, ends[-1], BATCH):
            queue.send(_likes(function, shows, at))
            if at + BATCH in ends:
                waiting.append(queue.backlog())
        sent = time.perf_counter() - start
        counted = function.likes(shows)
        queue.drain()
        drained = time.perf_counter() - start - sent
    if waiting != sorted(set(waiting)):
        raise SystemExit(f"The backlog does not grow, {waiting}: events are counted as fast as they are sent")
    return [
        row("overloaded: sent", ends[-1] / sent, "events/s"),
        row("overloaded: counted meanwhile", counted / sent, "events/s"),
        *(
            row(f"overloaded: backlog, {quarter}/4 sent", backlog, "events")
            for quarter, backlog in enumerate(waiting, 1)
        ),
        row("overloaded: drained after the last was sent", drained, "s"),
        row(f"overloaded: {LOST}", abs(ends[-1] - function.likes(shows)), "events", "0"),
    ]


def _shows(kind: str) -> list[str]:
    return [f"{kind}-{number}" for number in range(100)]


def _likes(function: Function, shows: Sequence[str], at: int) -> list[dict[str, Any]]:
    """The batch that begins with event number `at`."""
    return [function.like(shows[number % len(shows)]) for number in range(at, at + BATCH)]
