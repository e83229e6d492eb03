"""What happens in a match: its shots with what is known of them, in order."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

import goal_model
import shot_features
import situations
import tracks
from clubs import POSITIONS, SHOTS_BY_POSITION, Club
from goal_view import Floats
from motion import FRAME_RATE
from situations import Situations

SHOTS_PER_MATCH = 26
HALF_SECONDS = 46 * 60
SLOT_SECONDS = 8
"""Two shots are at least so far apart."""
FIRST_KICKOFF = datetime(2017, 8, 18, 18, 30, tzinfo=UTC)
MISSES = {"SavedShot": 0.36, "ShotWide": 0.38, "BlockedShot": 0.24, "ShotWoodWork": 0.02}
"""What becomes of shots that are no goals, as DFL names it."""
GOAL = "SuccessfulShot"
OWN_GOALS = 0.08
"""Share of the matches that have one."""
HOME_SHARE = 0.55
"""Of the shots."""


@dataclass(frozen=True)
class Match:
    """One match and its shots, in the order in which they happen; arrays have an entry for each shot."""

    number: int
    home: Club
    away: Club
    own_goals: tuple[int, int]
    """By players of home and of away."""
    situations: Situations
    players: Floats
    """(shots, 22, frames, 2) metres in the goal's frame."""
    ball: Floats
    """(shots, frames, 2)"""
    probability: Floats
    """Of a goal: what a model is to find out."""
    outcome: NDArray[np.str_]
    """The name of DFL's event."""
    at_home: NDArray[np.bool_]
    """Whether the home team shoots."""
    half: NDArray[np.int64]
    frame: NDArray[np.int64]
    """Since the kick-off of the half."""
    shooter: NDArray[np.int64]
    passer: NDArray[np.int64]
    """Places in the eleven."""

    @property
    def id(self) -> str:
        """As DFL writes it."""
        return f"DFL-MAT-{self.number + 1:06X}"

    @property
    def kickoff(self) -> datetime:
        """Nine matches a week."""
        return FIRST_KICKOFF + timedelta(weeks=self.number // 9)

    @property
    def is_goal(self) -> NDArray[np.bool_]:
        """Of each shot."""
        return np.asarray(self.outcome == GOAL)

    @property
    def result(self) -> tuple[int, int]:
        """Goals of home and of away."""
        home, away = (int((self.is_goal & (self.at_home == side)).sum()) for side in (True, False))
        return home + self.own_goals[1], away + self.own_goals[0]

    @property
    def attacks_right(self) -> NDArray[np.bool_]:
        """Whether the shooter's team plays to the right: home does in the first half."""
        return np.asarray(self.at_home == (self.half == 0))


def features(drawn: Situations) -> dict[str, Floats]:
    """The true features, not those that can be measured from noisy positions."""
    speed = np.hypot(drawn.velocities[:, 0, 0], drawn.velocities[:, 0, 1])
    assist = {name: (drawn.assist == name) * 1.0 for name in shot_features.ASSISTS[1:]}
    return {
        **shot_features.of_positions(drawn.ball, drawn.defenders, drawn.keeper, speed),
        **shot_features.of_events((drawn.kind == "header") * 1.0, assist, (drawn.kind == "penalty") * 1.0),
    }


def draw(rng: np.random.Generator, number: int, home: Club, away: Club) -> Match:
    """A match by its number."""
    shots = max(int(rng.poisson(SHOTS_PER_MATCH)), 1)
    drawn = situations.draw(rng, shots)
    probability = goal_model.probability(features(drawn))
    misses = rng.choice(list(MISSES), shots, p=list(MISSES.values()))
    half, frame = _times(rng, shots)
    weights = np.array(SHOTS_BY_POSITION) / sum(SHOTS_BY_POSITION)
    shooter = rng.choice(len(POSITIONS), shots, p=weights)
    by_home = int(rng.random() < OWN_GOALS / 2)
    return Match(
        number=number,
        home=home,
        away=away,
        own_goals=(by_home, int(not by_home and rng.random() < OWN_GOALS / 2)),
        situations=drawn,
        players=tracks.players(rng, drawn),
        ball=tracks.ball(rng, drawn),
        probability=probability,
        outcome=np.where(rng.random(shots) < probability, GOAL, misses),
        at_home=rng.random(shots) < HOME_SHARE,
        half=half,
        frame=frame,
        shooter=shooter,
        # Any of the ten in the field but the shooter.
        passer=1 + (shooter - 1 + rng.integers(1, len(POSITIONS) - 1, shots)) % (len(POSITIONS) - 1),
    )


def _times(rng: np.random.Generator, shots: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """In which half, and at which frame of it."""
    slots = HALF_SECONDS // SLOT_SECONDS - 1
    half, slot = np.divmod(np.sort(rng.choice(2 * slots, shots, replace=False)), slots)
    return half, (slot + 1) * SLOT_SECONDS * FRAME_RATE + rng.integers(0, FRAME_RATE, shots)
