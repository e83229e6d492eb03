"""Features of one user and many shows, beside the same keys read bare in turn with them."""

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

from bench.amp_serving_rig.figures import row, times
from bench.amp_serving_rig.function import BATCH, Function
from bench.reporting import Row

READ, BARE = "read", "bare, a GET a key"


def ways(function: Function) -> dict[str, Callable[[], Any]]:
    """What is timed, by its name."""
    keys = [
        function.keys.counters("user", "user-0"),
        *(function.keys.counters("show", n) for n in function.shows),
    ]
    groups = function.reading.commands(keys)

    def gets() -> None:
        pipeline = function.client.pipeline(transaction=False)
        for key in keys:
            pipeline.get(key)
        pipeline.execute()

    def mgets() -> None:
        pipeline = function.client.pipeline(transaction=False)
        for group in groups:
            pipeline.execute_command("MGET", *group)
        pipeline.execute()

    return {READ: function.read, BARE: gets, "bare, MGETs": mgets}


def timed(call: Callable[[], Any]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def measure(function: Function, rounds: int, events: int) -> list[Row]:
    """Reads between which the function counts on."""
    start = time.perf_counter()
    for _ in range(events // BATCH):
        function.send()
    rate = events / (time.perf_counter() - start)
    calls = ways(function)
    # This process has all of the local AWS in memory: looking through that for garbage takes 50 ms now and
    # then, and no endpoint or function has it.
    gc.collect()
    gc.freeze()
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            taken[name].append(timed(call))
        function.send()
    rows = [each for name in calls for each in times(name, taken[name], "< 20" if name == READ else "")]
    last = {name: statistics.quantiles(taken[name], n=100)[98] for name in (READ, BARE)}
    return [
        *rows,
        row(f"{READ} / {BARE}", last[READ] / last[BARE], "times p99", "< 1.5"),
        row("the function alone, in this process", rate, "events/s"),
    ]
