"""What a shooter could have done instead: pass to somebody who then shoots."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from kloppy.domain import Player
from numpy.typing import NDArray

import shot_features
from assists import is_cross
from goal_view import Floats
from shots import Shot

BALL_SPEED = 15.0
"""Metres a second of a pass."""
REACH = 0.8
"""Metres within which an opponent need not run."""
REACTION, RUN_SPEED = 0.7, 5.0
"""Seconds until he runs, and metres a second then."""
SPREAD = 0.45
"""Seconds, standard deviation of who is first."""
POINTS = np.linspace(0.05, 1.0, 20)
"""Of the way at which a pass can be intercepted."""


@dataclass(frozen=True)
class Option:
    """A pass to a team mate."""

    to: Player
    completion: float
    """The chance that it arrives."""
    features: Floats
    """(features,) of his shot."""


def options(shot: Shot) -> list[Option]:
    """A pass to each team mate who is not offside; none instead of a penalty.

    The mate shoots from where he stands, with his foot, while everybody else stays where they are.
    """
    moment = shot.moment
    if shot.is_penalty or not moment.mates:
        return []
    opponents = np.concatenate([moment.defenders, moment.keeper[None]])
    allowed = np.flatnonzero(~offside(moment.ball, moment.mates_at, opponents) & (moment.mates_at[:, 0] > 0))
    targets = moment.mates_at[allowed]
    chances = completion(moment.ball, targets, opponents)
    rows = _features(shot, targets, moment.mates_speed[allowed])
    found = zip(allowed.tolist(), chances.tolist(), rows, strict=True)
    return [Option(moment.mates[place], chance, row) for place, chance, row in found]


def completion(start: Floats, ends: Floats, opponents: Floats) -> Floats:
    """The chance of each pass along the ground from ``start`` (2,) to ``ends`` (passes, 2).

    An opponent who reaches a point of the way before the ball does intercepts it; by how many seconds he is
    early or late is uncertain, by a logistic distribution. The most dangerous opponent and point count. After
    Spearman et al., "Physics-Based Modeling of Pass Probabilities in Soccer" (2017), with constant speeds.

    Somebody stands in the way, or nobody is near:

    >>> ends = np.array([[10.0, 0.0]])
    >>> completion(np.zeros(2), ends, np.array([[10.0, 30.0], [5.0, 0.0]])).round(2).tolist()
    [0.19]
    >>> completion(np.zeros(2), ends, np.array([[10.0, 30.0]])).round(2).tolist()
    [1.0]
    """
    way = (ends - start)[:, None] * POINTS[:, None]
    ball = np.hypot(way[..., 0], way[..., 1]) / BALL_SPEED
    apart = (start + way)[:, :, None] - opponents
    metres = np.hypot(apart[..., 0], apart[..., 1])
    runner = np.where(metres <= REACH, 0.0, REACTION + (metres - REACH) / RUN_SPEED)
    late = np.nan_to_num(runner - ball[..., None], nan=np.inf).min(axis=(1, 2), initial=np.inf)
    return np.asarray(1 / (1 + np.exp(-np.pi / np.sqrt(3) * late / SPREAD)))


def offside(ball: Floats, mates: Floats, opponents: Floats) -> NDArray[np.bool_]:
    """Whether each of ``mates`` (players, 2) would be offside: Law 11.

    He is in the opponents' half, nearer to their goal line than the ball and all of them but one.

    >>> mates, opponents = np.array([[9.0, 5.0], [11.0, 5.0]]), np.array([[1.0, 0.0], [10.0, 0.0]])
    >>> offside(np.array([20.0, 0.0]), mates, opponents).tolist()
    [True, False]
    """
    known = np.sort(opponents[~np.isnan(opponents[:, 0]), 0])
    second_last = known[1] if len(known) > 1 else np.inf
    return np.asarray(mates[:, 0] < min(ball[0], second_last))


def _features(shot: Shot, targets: Floats, speeds: Floats) -> Floats:
    """Of the shots after passes: (passes, features)."""
    count, moment = len(targets), shot.moment
    origin = (float(moment.ball[0]), float(moment.ball[1]))
    crosses = np.array([float(is_cross(origin, (x, y))) for x, y in targets.tolist()])
    nothing = np.zeros(count)
    assist = {"pass": 1 - crosses, "cross": crosses, "set_piece": nothing}
    return shot_features.table(
        {
            **shot_features.of_positions(
                targets,
                np.broadcast_to(moment.defenders, (count, *moment.defenders.shape)),
                np.broadcast_to(moment.keeper, (count, 2)),
                speeds,
            ),
            **shot_features.of_events(nothing, assist, nothing),
        }
    )


def best(found: Sequence[Option], chances: Sequence[float]) -> tuple[Option, float] | None:
    """The pass with which a goal is likeliest, and how likely; None without any.

    Args:
        found: the passes.
        chances: of a goal by the shot after each, if it arrives.
    """
    worth = [(option.completion * chance, option) for option, chance in zip(found, chances, strict=True)]
    most = max(worth, key=lambda each: each[0], default=None)
    return (most[1], most[0]) if most else None
