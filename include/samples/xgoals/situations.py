"""Where everybody is when somebody shoots: drawn, not observed.

Positions are metres in the goal's frame, as in ``goal_view.py`` of the job.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goal_view import GOAL_WIDTH, Floats

KINDS = {"foot": 0.775, "header": 0.17, "free_kick": 0.045, "penalty": 0.01}
"""Shares of the shots; a free kick is shot at the goal directly."""
ASSISTS = {
    "foot": {"none": 0.34, "pass": 0.46, "cross": 0.12, "set_piece": 0.08},
    "header": {"none": 0.03, "pass": 0.07, "cross": 0.60, "set_piece": 0.30},
    "free_kick": {"none": 1.0},
    "penalty": {"none": 1.0},
}
"""How the ball came to the shooter, by what he does with it."""
DEFENDERS = 10
MATES = 9
"""Beside the shooter and his own goalkeeper."""
BOX_DEPTH, BOX_HALF = 16.5, 20.16
"""Metres of the penalty area: https://www.theifab.com/laws/latest/the-field-of-play/"""
PENALTY_MARK, FREE_KICK_DISTANCE = 11.0, 9.15
PITCH = (105.0, 68.0)
"""Metres, length and width."""


@dataclass(frozen=True)
class Situations:
    """One entry for each shot."""

    kind: NDArray[np.str_]
    assist: NDArray[np.str_]
    ball: Floats
    """(shots, 2)"""
    defenders: Floats
    """(shots, 10, 2)"""
    keeper: Floats
    """(shots, 2)"""
    mates: Floats
    """(shots, 9, 2)"""
    velocities: Floats
    """(shots, 22, 2) metres a second: shooter, mates, own goalkeeper, defenders, goalkeeper."""


def draw(rng: np.random.Generator, shots: int) -> Situations:
    """So many shots, each on its own."""
    kind = rng.choice(list(KINDS), shots, p=list(KINDS.values()))
    assist = np.empty(shots, dtype="<U9")
    for name, shares in ASSISTS.items():
        of_kind = kind == name
        assist[of_kind] = rng.choice(list(shares), of_kind.sum(), p=list(shares.values()))
    ball = _balls(rng, kind, assist)
    keeper = _keepers(rng, kind, ball)
    defenders, mates = _defenders(rng, kind, ball), _scattered(rng, (shots, MATES))
    # Whoever is much nearer to the goal would have got the ball.
    mates[..., 0] = np.maximum(mates[..., 0], 0.7 * ball[:, None, 0])
    is_penalty = kind == "penalty"
    defenders = np.clip(defenders, [0.3, -PITCH[1] / 2], [PITCH[0], PITCH[1] / 2])
    defenders[is_penalty] = _outside_the_box(rng, (int(is_penalty.sum()), DEFENDERS))
    mates[is_penalty] = _outside_the_box(rng, (int(is_penalty.sum()), MATES))
    return Situations(kind, assist, ball, defenders, keeper, mates, _velocities(rng, kind))


def _balls(rng: np.random.Generator, kind: NDArray[np.str_], assist: NDArray[np.str_]) -> Floats:
    shots = len(kind)
    away = np.clip(rng.lognormal(np.log(17.0), 0.42, shots), 2.5, 45.0)
    away = np.where(kind == "header", np.clip(rng.lognormal(np.log(8.5), 0.35, shots), 2.5, 16.0), away)
    # What is crossed is taken inside the penalty area: see `assists.py` of the job.
    away = np.where((kind == "foot") & (assist == "cross"), np.clip(away, 2.5, 15.0), away)
    away = np.where(kind == "free_kick", np.clip(rng.normal(25.0, 4.0, shots), 18.0, 38.0), away)
    bearing = np.clip(rng.normal(0.0, 0.5, shots), -1.3, 1.3)
    ball = np.stack([away * np.cos(bearing), away * np.sin(bearing)], axis=-1)
    ball = np.clip(ball, [1.0, 1 - PITCH[1] / 2], [PITCH[0], PITCH[1] / 2 - 1])
    ball[kind == "penalty"] = [PENALTY_MARK, 0.0]
    return ball


def _keepers(rng: np.random.Generator, kind: NDArray[np.str_], ball: Floats) -> Floats:
    """On the way from the ball to the goal, most of them near their line; for a penalty on it."""
    shots, away = len(kind), np.hypot(ball[:, 0], ball[:, 1])
    out = np.minimum(np.abs(rng.normal(2.2, 1.4, shots)), 0.45 * away)
    rushes = (rng.random(shots) < 0.12) & (away > 6) & (kind == "foot")  # noqa: PLR2004
    out = np.where(rushes, away * rng.uniform(0.4, 0.7, shots), out)
    keeper = ball * (out / away)[:, None]
    keeper[:, 1] += rng.normal(0.0, 0.45, shots)
    is_penalty = kind == "penalty"
    keeper[is_penalty, 0] = 0.2
    keeper[:, 0] = np.maximum(keeper[:, 0], 0.2)
    return keeper


def _defenders(rng: np.random.Generator, kind: NDArray[np.str_], ball: Floats) -> Floats:
    """Some between ball and goal, one who marks the shooter, the rest anywhere."""
    shots = len(kind)
    anywhere = _scattered(rng, (shots, DEFENDERS))
    along = rng.uniform(0.12, 0.92, (shots, DEFENDERS, 1))
    between = ball[:, None] * along + rng.normal(0.0, 2.6, (shots, DEFENDERS, 2)) * [0.5, 1.0]
    chosen = rng.random((shots, DEFENDERS, 1)) < rng.uniform(0.05, 0.45, (shots, 1, 1))
    players = np.where(chosen, between, anywhere)
    marking = rng.uniform(0.0, 2 * np.pi, shots), rng.gamma(2.0, 0.9, shots) + 0.6
    players[:, 0] = ball + marking[1][:, None] * np.stack([np.cos(marking[0]), np.sin(marking[0])], axis=-1)
    return np.where((kind == "free_kick")[:, None, None], _with_wall(rng, ball, players), players)


def _with_wall(rng: np.random.Generator, ball: Floats, players: Floats) -> Floats:
    """Four side by side, and nobody else nearer than the Laws allow."""
    players = players.copy()
    to_goal = -ball / np.hypot(ball[:, 0], ball[:, 1])[:, None]
    across = np.stack([-to_goal[:, 1], to_goal[:, 0]], axis=-1)
    aside = rng.normal(0.0, 0.8, len(ball))
    for place in range(4):
        step = (0.6 * (place - 1.5) + aside)[:, None]
        players[:, place] = ball + FREE_KICK_DISTANCE * to_goal + step * across
    away = players - ball[:, None]
    length = np.hypot(away[..., 0], away[..., 1])[..., None]
    return np.where(length < FREE_KICK_DISTANCE, ball[:, None] + away / length * FREE_KICK_DISTANCE, players)


def _scattered(rng: np.random.Generator, size: tuple[int, int]) -> Floats:
    x, y = rng.uniform(3.0, 48.0, size), rng.normal(0.0, 13.0, size)
    return np.stack([x, np.clip(y, -PITCH[1] / 2, PITCH[1] / 2)], axis=-1)


def _outside_the_box(rng: np.random.Generator, size: tuple[int, int]) -> Floats:
    x, y = rng.uniform(BOX_DEPTH + 4, 45.0, size), rng.uniform(-25.0, 25.0, size)
    return np.stack([x, y], axis=-1)


def _velocities(rng: np.random.Generator, kind: NDArray[np.str_]) -> Floats:
    """Shooters run at the goal, the faster the more defenders are still behind them; others anywhere."""
    shots = len(kind)
    velocities = rng.normal(0.0, 1.6, (shots, 3 + MATES + DEFENDERS, 2))
    fast = np.where(kind == "foot", rng.gamma(2.4, 1.5, shots), rng.gamma(4.0, 0.6, shots))
    heading = rng.normal(np.pi, 0.6, shots)
    velocities[:, 0] = np.minimum(fast, 9.0)[:, None] * np.stack([np.cos(heading), np.sin(heading)], axis=-1)
    return velocities


def between_posts(rng: np.random.Generator, shots: int) -> Floats:
    """Where a ball crosses the goal line that goes in, in metres from the middle."""
    return np.asarray(rng.uniform(-0.45, 0.45, shots) * GOAL_WIDTH)
