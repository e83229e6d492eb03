"""What the users of an experiment have done so far, a day after the other."""

from collections.abc import Iterable
from datetime import date

import pandas as pd

from assignment import OUTSIDE, Experiment
from metrics import COUNTS
from planted import Planted
from uplift import Mask

CONTROL, TREATMENT = "control", "treatment"


class Observations:
    """Sums by user over the days of an experiment.

    A user takes part from the first session on: who never opened the app has not seen any variant. Memory is
    by user, not by event.
    """

    def __init__(self, experiment: Experiment, planted: Planted) -> None:
        self._experiment = experiment
        self._planted = planted
        # Whose events are lost must not follow from the variant's own fraction.
        self._losses = Experiment(f"{experiment.name} loss", {"lost": 1.0}, experiment.salt)
        self._sums = nothing()
        self._positions = pd.Series(dtype="int8")
        self.users = self._sums
        """(users, `COUNTS`) of those who take part."""

    def add(self, counts: pd.DataFrame, day: date) -> None:
        """Takes in the counts of a day, (users, `COUNTS`)."""
        positions = self._experiment.positions(counts.index)
        treated = positions == self._experiment.variants.index(TREATMENT)
        kept = positions != OUTSIDE
        if self._planted.loss:
            kept &= ~self._planted.lost(self._losses.fractions(counts.index), treated)
        grown = self._planted.grown(counts, treated, day)
        self._sums = total((self._sums, grown[kept]))
        self._positions = pd.Series(positions[kept], counts.index[kept]).combine_first(self._positions)
        self.users = self._sums[self._sums["sessions"] > 0]

    def chosen(self, variant: str) -> Mask:
        """(users,) whether each of `users` is in a variant."""
        position = self._experiment.variants.index(variant)
        found: Mask = self._positions.reindex(self.users.index).to_numpy() == position
        return found

    def sizes(self) -> dict[str, int]:
        """How many users each variant has."""
        return {variant: int(self.chosen(variant).sum()) for variant in self._experiment.variants}


def nothing() -> pd.DataFrame:
    """Counts of nobody."""
    return pd.DataFrame(0, index=pd.Index([], name="user_id", dtype="str"), columns=[*COUNTS])


def total(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Sums of counts by user, whichever of the parts a user is in."""
    return pd.concat([*parts]).groupby(level=0).sum()
