"""Metrics by the minute, as services record them while they work; CloudWatch reads them.

They are in memory only: of the last three hours, since the server started.
"""

import math
import random
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

SECONDS = 60
"""Of a minute."""
KEPT = 180
"""Minutes that are remembered."""
SAMPLE = 200
"""Values of a minute that percentiles are taken from; of more a random choice is kept."""

Record = Callable[[str, float, str], None]
"""Takes the name of a metric, a value and its unit."""


class Metric(NamedTuple):
    """What is measured; dimensions are in the order of their names."""

    region: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, region: str, namespace: str, name: str, **dimensions: str) -> "Metric":
        """With dimensions by name."""
        return cls(region, namespace, name, tuple(sorted(dimensions.items())))


@dataclass
class Minute:
    """The values of a minute, or of several."""

    count: float = 0.0
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    sample: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, value: float) -> None:
        """One more value."""
        self.count += 1
        self.total += value
        self.low, self.high = min(self.low, value), max(self.high, value)
        if len(self.sample) < SAMPLE:
            self.sample.append(value)
        elif (place := random.randrange(int(self.count))) < SAMPLE:  # noqa: S311  # a reservoir
            self.sample[place] = value


@dataclass
class _Series:
    """Minutes by their numbers since 1970, the oldest first."""

    unit: str
    minutes: dict[int, Minute] = field(default_factory=dict)

    def at(self, number: int) -> Minute:
        if number not in self.minutes:
            for old in [each for each in self.minutes if each <= number - KEPT]:
                del self.minutes[old]
            self.minutes[number] = Minute()
        return self.minutes[number]


class Metrics:
    """All that was recorded; ``clock`` tells seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._series: dict[Metric, _Series] = {}

    def now(self) -> int:
        """The number of the minute that runs."""
        return int(self._clock() // SECONDS)

    def add(self, metric: Metric, value: float, unit: str) -> None:
        """One more value of this minute, of what happens again and again."""
        with self._lock:
            self._at(metric, unit).at(self.now()).add(value)

    def put(self, metric: Metric, value: float, unit: str) -> None:
        """The one value of this minute, of what can be measured at any time: the newest counts."""
        only = Minute()
        only.add(value)
        with self._lock:
            series, number = self._at(metric, unit), self.now()
            series.at(number)
            series.minutes[number] = only

    def of(self, region: str, namespace: str, **dimensions: str) -> Record:
        """How to add values to the metrics of one thing."""

        def record(name: str, value: float, unit: str) -> None:
            self.add(Metric.of(region, namespace, name, **dimensions), value, unit)

        return record

    def between(self, metric: Metric, first: int, end: int) -> dict[int, Minute]:
        """Copies of the minutes from ``first`` on, without ``end``, that have values."""
        with self._lock:
            series = self._series.get(metric)
            found = series.minutes.items() if series else ()
            return {
                number: replace(minute, sample=minute.sample[:])
                for number, minute in found
                if first <= number < end
            }

    def unit(self, metric: Metric) -> str:
        """Of its values; empty for what was never recorded."""
        with self._lock:
            series = self._series.get(metric)
            return series.unit if series else ""

    def newest(self) -> Iterator[tuple[Metric, int, float]]:
        """Every metric, with the number of its last minute and that minute's mean."""
        with self._lock:
            found = [(metric, *list(series.minutes.items())[-1]) for metric, series in self._series.items()]
        for metric, number, minute in found:
            yield metric, number, minute.total / minute.count

    def sweep(self) -> None:
        """Forgets what has no value any more that is remembered."""
        oldest = self.now() - KEPT
        with self._lock:
            for metric in [key for key, series in self._series.items() if max(series.minutes) <= oldest]:
                del self._series[metric]

    def _at(self, metric: Metric, unit: str) -> _Series:
        return self._series.setdefault(metric, _Series(unit))


_metrics = Metrics()


def restart() -> None:
    """Begins to record anew."""
    global _metrics  # noqa: PLW0603
    _metrics = Metrics()


def metrics() -> Metrics:
    """Those of the server that runs in this process."""
    return _metrics
