"""The features of a shot, in the order in which the model takes them."""

from collections.abc import Mapping

import numpy as np

import goal_view
from goal_view import ARM_SPAN, BODY_WIDTH, Floats

FEATURES = (
    "distance",
    "angle",
    "visible_share",
    "shooter_speed",
    "defenders_in_line",
    "nearest_defender",
    "keeper_distance",
    "keeper_coverage",
    "header",
    "assist_pass",
    "assist_cross",
    "assist_set_piece",
    "penalty",
)
"""Metres, radians, metres a second, shares from 0 to 1, counts, and 0 or 1."""
LABEL = "goal"
ASSISTS = ("none", "pass", "cross", "set_piece")


def of_positions(ball: Floats, defenders: Floats, keeper: Floats, shooter_speed: Floats) -> dict[str, Floats]:
    """The features that come from positions in the goal's frame, one value for each shot.

    Args:
        ball: (..., 2) metres.
        defenders: (..., players, 2) metres, all opponents but the goalkeeper; NaN for one who is not there.
        keeper: (..., 2) metres; NaN where nobody keeps the goal: then nothing is covered by one, and his
            distance is not known.
        shooter_speed: (...) metres a second, or NaN.
    """
    goalkeeper = keeper[..., None, :]
    opponents = np.concatenate([defenders, goalkeeper], axis=-2)
    return {
        "distance": goal_view.distance(ball),
        "angle": goal_view.angle(ball),
        "visible_share": goal_view.visible_share(ball, opponents, BODY_WIDTH),
        "shooter_speed": np.asarray(shooter_speed),
        "defenders_in_line": goal_view.bodies_in_triangle(ball, defenders),
        "nearest_defender": nearest(ball, defenders),
        "keeper_distance": np.hypot(*np.moveaxis(keeper - ball, -1, 0)),
        "keeper_coverage": 1 - goal_view.visible_share(ball, goalkeeper, ARM_SPAN),
    }


def of_events(header: Floats, assist: Mapping[str, Floats], penalty: Floats) -> dict[str, Floats]:
    """The features that come from events, as 0 or 1.

    Args:
        header: whether it is headed.
        assist: for ``pass``, ``cross`` and ``set_piece``, whether that is how the ball came to the shooter.
        penalty: whether it is a penalty.
    """
    return {
        "header": header,
        **{f"assist_{kind}": assist[kind] for kind in ASSISTS[1:]},
        "penalty": penalty,
    }


def nearest(ball: Floats, players: Floats) -> Floats:
    """Metres to the nearest of some players (..., players, 2); NaN if there is none.

    >>> float(nearest(np.array([0.0, 0.0]), np.array([[3.0, 4.0], [np.nan, np.nan]])))
    5.0
    """
    away = np.hypot(*np.moveaxis(players - ball[..., None, :], -1, 0))
    return np.asarray(np.fmin.reduce(away, axis=-1, initial=np.nan))


def table(features: Mapping[str, Floats]) -> Floats:
    """Columns in the order of `FEATURES`: (..., features)."""
    return np.stack(np.broadcast_arrays(*(features[name] for name in FEATURES)), axis=-1).astype(np.float64)
