"""Which variant of an experiment a user is in.

It follows from the names of experiment, salt and user alone: the same everywhere and for ever, with nothing
to look up, and independent of every other experiment. Whoever serves a variant and whoever measures it ask
here.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

OUTSIDE = -1
"""The position of who is in no variant, where the shares leave some out."""
FRACTION_BITS = 53
"""Of a digest: so many a float has exactly, and none of them is rounded to 1."""


@dataclass(frozen=True)
class Experiment:
    """Who is in which variant.

    Args:
        name: of the experiment.
        shares: variant -> its share of the users, the control first; they may sum up to less than 1.
        salt: another one draws the same experiment anew.

    Raises:
        ValueError: a share is not in (0, 1], or they sum up to more than 1.
    """

    name: str
    shares: Mapping[str, float]
    salt: str = ""

    def __post_init__(self) -> None:
        for variant, share in self.shares.items():
            if not 0 < share <= 1:
                raise ValueError(f"the share {share:g} of {variant} is not over 0 and at most 1")
        if (total := math.fsum(self.shares.values())) > 1:
            raise ValueError(f"the shares of {', '.join(self.shares)} sum up to {total:g}, which is over 1")

    @property
    def variants(self) -> list[str]:
        """Their names, the control first."""
        return list(self.shares)

    def variant(self, user_id: str) -> str | None:
        """The variant of one user; None where the user is in none."""
        [position] = self.positions([user_id])
        return None if position == OUTSIDE else self.variants[position]

    def positions(self, user_ids: Iterable[str]) -> npt.NDArray[np.int8]:
        """(users,) the position of each one's variant among `variants`, or `OUTSIDE`."""
        found = np.searchsorted(self._edges, self.fractions(user_ids), side="right").astype(np.int8)
        found[found == len(self.shares)] = OUTSIDE
        return found

    def fractions(self, user_ids: Iterable[str]) -> npt.NDArray[np.float64]:
        """(users,) uniform in [0, 1): the first bits of SHA-256 of experiment, salt and user."""
        # A separator that no part has, so that no two experiments and users make the same text.
        start = hashlib.sha256(f"{self.name}\0{self.salt}\0".encode())
        digests = bytearray()
        for user_id in user_ids:
            digest = start.copy()
            digest.update(user_id.encode())
            digests += digest.digest()[:8]
        bits = np.frombuffer(bytes(digests), ">u8") >> (64 - FRACTION_BITS)
        fractions: npt.NDArray[np.float64] = bits / float(2**FRACTION_BITS)
        return fractions

    @cached_property
    def _edges(self) -> npt.NDArray[Any]:
        return np.cumsum([*self.shares.values()])
