"""Events on their way through queue and function into the counters."""

import time

from bench.amp_serving_rig.figures import row, times
from bench.amp_serving_rig.function import BATCH, Function, Queue
from bench.reporting import Row

PATIENCE = 120


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


def overload(function: Function, queue: Queue, events: int) -> list[Row]:
    """More than the function can take, as fast as they can be sent; then none until all are counted."""
    shows = [f"overloaded-{number}" for number in range(100)]
    start, largest = time.perf_counter(), 0
    for at in range(0, events, BATCH):
        queue.send([function.like(shows[number % len(shows)]) for number in range(at, at + BATCH)])
        if at % (10 * BATCH) == 0:
            largest = max(largest, queue.backlog())
    sent = time.perf_counter() - start
    queue.drain()
    seconds = time.perf_counter() - start
    return [
        row("sent", events / sent, "events/s"),
        row("counted", events / seconds, "events/s"),
        row("largest backlog", largest, "events"),
        row("lost or counted twice", abs(events - function.likes(shows)), "events", "0"),
    ]
