"""Events of one type as columns: a day of them fits into memory, however many there are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True)
class Events:
    """Events of a type.

    Args:
        kind: the type.
        identity: (n, 16) bytes of their UUIDs.
        time: when each happened: milliseconds since the start of the world's first day.
        payload: columns by field, as numbers: of an id, or of a position in a table.
    """

    kind: str
    identity: npt.NDArray[np.uint8]
    time: npt.NDArray[np.int64]
    payload: dict[str, npt.NDArray[Any]]

    def __len__(self) -> int:
        return len(self.time)

    def take(self, rows: npt.NDArray[Any]) -> "Events":
        """These rows, by number or by mask."""
        columns = {name: column[rows] for name, column in self.payload.items()}
        return Events(self.kind, self.identity[rows], self.time[rows], columns)


def identities(rng: np.random.Generator, count: int) -> npt.NDArray[np.uint8]:
    """Random UUIDs of version 4, as bytes (n, 16)."""
    made = rng.integers(0, 256, (count, 16), dtype=np.uint8)
    made[:, 6] = made[:, 6] & 0x0F | 0x40
    made[:, 8] = made[:, 8] & 0x3F | 0x80
    return made
