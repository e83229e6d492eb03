"""An effect or a loss that is put into what made-up users did, to see whether it is found."""

import zlib
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from metrics import PLANTED
from uplift import Floats, Mask


@dataclass(frozen=True)
class Planted:
    """What is done to the treatment.

    Args:
        uplift: how much more its users do of everything, as a share; less than 0 takes away.
        loss: the share of its users whose events are lost.
        seed: of chance, such as the experiment's name.
    """

    uplift: float
    loss: float
    seed: str

    def grown(self, counts: pd.DataFrame, treated: Mask, day: date) -> pd.DataFrame:
        """A day's counts with the uplift: whole events more or less by chance, seconds in proportion.

        Args:
            counts: (users, `COUNTS`).
            treated: (users,) whether each is in the treatment.
            day: has chance of its own.
        """
        if not self.uplift:
            return counts
        rng = np.random.default_rng([zlib.crc32(self.seed.encode()), day.toordinal()])
        grown = counts.copy()
        for name in PLANTED:
            values = counts.loc[treated, name].to_numpy()
            if name == "seconds":
                changed = np.rint(values * (1 + self.uplift))
            elif self.uplift > 0:
                changed = values + rng.poisson(values * self.uplift)
            else:
                changed = rng.binomial(values, 1 + self.uplift)
            grown.loc[treated, name] = changed.astype(np.int64)
        return grown

    def lost(self, fractions: Floats, treated: Mask) -> Mask:
        """(users,) whose events are lost, by fractions in [0, 1) that have nothing to do with the variant."""
        found: Mask = treated & (fractions < self.loss)
        return found
