"""What makes a world what it is: a few numbers, and everything else follows from them."""

import zlib
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np

FEWEST_EVENTS, MOST_EVENTS = 1_000, 100_000_000
FEWEST_DAYS, MOST_DAYS = 1, 730
EVENTS_PER_USER = 80
FEWEST_USERS = 20
FOUNDING_SHARE = 0.25
"""Of the users, who are there on the first day; the others join evenly over the days, and go on to."""
GROWTH = (0.7, 1.3)
"""Traffic on the first and on the last day, against the mean; afterwards it stays."""
WEEKDAYS = (0.92, 0.9, 0.95, 1.0, 1.12, 1.15, 0.96)
"""Traffic from Monday to Sunday, against the mean."""
MOST_SHOWS = 1500
"""In a day: a larger service has more listeners to a show."""
SHOWS_PER_CREATOR = 0.36
"""In a day."""


@dataclass(frozen=True)
class World:
    """Numbers that fix every byte.

    Args:
        seed: of all chance, at least 0.
        events: distinct ones that happen in the first ``days`` days, about.
        days: over which they are spread. Later days go on with the traffic of the last of these.
        first_day: before it there is nothing.
    """

    seed: int
    events: int
    days: int
    first_day: date

    def document(self) -> dict[str, Any]:
        """The numbers as JSON has them."""
        return asdict(self) | {"first_day": self.first_day.isoformat()}

    def rng(self, subject: str, index: int = 0) -> np.random.Generator:
        """Chance of its own for a subject and a day, so that every day can be made alone."""
        numbers = [self.seed, self.events, self.days, self.first_day.toordinal()]
        return np.random.default_rng([*numbers, zlib.crc32(subject.encode()), index])

    def day(self, index: int) -> date:
        """The day so many days after the first."""
        return self.first_day + timedelta(days=index)

    def index(self, day: date) -> int:
        """How many days after the first."""
        return (day - self.first_day).days

    def budget(self, index: int) -> int:
        """Events of a day; those of the first ``days`` sum up to ``events``."""
        if index >= self.days:
            return round(self._scale * self._weight(index))
        return int(self._cumulative[index + 1] - self._cumulative[index])

    def joined(self, index: int) -> int:
        """Users who have joined until the end of a day; none before the first."""
        if index < 0:
            return 0
        users = max(FEWEST_USERS, self.events // EVENTS_PER_USER)
        founding = round(users * FOUNDING_SHARE)
        return founding + (users - founding) * (index + 1) // self.days

    @property
    def shows_per_day(self) -> float:
        """How many are planned for a day, about."""
        daily = self.events / self.days
        return min(daily * 0.08, 60 + daily / 60, MOST_SHOWS)

    @property
    def creators(self) -> int:
        """How many there are, also those who begin later."""
        return max(6, round(self.shows_per_day / SHOWS_PER_CREATOR))

    def _weight(self, index: int) -> float:
        first, last = GROWTH
        grown = first + (last - first) * min(index + 0.5, self.days) / self.days
        return grown * WEEKDAYS[self.day(index).weekday()]

    @cached_property
    def _scale(self) -> float:
        return self.events / sum(map(self._weight, range(self.days)))

    @cached_property
    def _cumulative(self) -> list[int]:
        sums = np.cumsum([0.0, *map(self._weight, range(self.days))])
        return [round(self._scale * each) for each in sums]
