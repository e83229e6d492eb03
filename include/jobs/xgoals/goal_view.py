"""What a shooter sees of the goal.

Positions are metres in the goal's own frame: the origin is the centre of the goal line between the posts, x
points into the pitch, y along the line. Arrays may have any leading dimensions, one entry for each shot;
bodies have one dimension more, and NaN for a body that is not there.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

GOAL_WIDTH = 7.32
"""Metres between the inner edges of the posts: Law 1, https://www.theifab.com/laws/latest/the-field-of-play/"""
BODY_WIDTH = 0.5
"""Metres that a standing player hides: about the breadth of shoulders."""
ARM_SPAN = 2.0
"""Metres that a goalkeeper covers with both arms out."""


def distance(ball: Floats) -> Floats:
    """Metres from the ball (..., 2) to the centre of the goal.

    >>> float(distance(np.array([3.0, 4.0])))
    5.0
    """
    return np.asarray(np.hypot(ball[..., 0], ball[..., 1]))


def angle(ball: Floats) -> Floats:
    """Radians between the lines from the ball (..., 2) to the two posts: pi on the line between them.

    From the penalty mark, 11 m out, it is 2 atan(3.66 / 11). See Pollard, Ensum and Taylor, "Estimating the
    probability of a shot resulting in a goal" (2004).

    >>> round(float(angle(np.array([11.0, 0.0]))), 4)
    0.6424
    """
    low, high = _bearings_of_posts(ball)
    return high - low


def visible_share(ball: Floats, bodies: Floats, width: Floats | float = BODY_WIDTH) -> Floats:
    """The share of `angle` that no body hides, from 0 to 1.

    A body is a disc of the given width around its position; those behind the ball or the goal line hide
    nothing. One who stands in the middle of the way from the penalty mark hides 2 asin(0.25 / 5.5) of 0.6424:

    >>> round(float(visible_share(np.array([11.0, 0.0]), np.array([[5.5, 0.0]]))), 4)
    0.8584

    Args:
        ball: (..., 2), outside of the goal line.
        bodies: (..., bodies, 2).
        width: metres, the same for all bodies or (..., bodies).
    """
    low, high = _bearings_of_posts(ball)
    starts, ends = _hidden(ball, bodies, np.asarray(width, np.float64))
    starts, ends = (np.clip(edge, low[..., None], high[..., None]) for edge in (starts, ends))
    order = np.argsort(starts, axis=-1)
    starts, ends = (np.take_along_axis(edge, order, axis=-1) for edge in (starts, ends))
    # What a body hides beyond all that those before it in the order hide.
    reached = np.maximum.accumulate(ends, axis=-1)
    before = np.concatenate([low[..., None], reached[..., :-1]], axis=-1)
    hidden = np.clip(ends - np.maximum(starts, before), 0.0, None).sum(axis=-1)
    return np.asarray(np.clip(1 - hidden / (high - low), 0.0, 1.0))


def bodies_in_triangle(ball: Floats, bodies: Floats) -> Floats:
    """How many bodies (..., bodies, 2) stand in the triangle of the ball and the two posts.

    >>> float(bodies_in_triangle(np.array([11.0, 0.0]), np.array([[5.5, 1.8], [5.5, 1.9], [12.0, 0.0]])))
    1.0
    """
    x, y = ball[..., None, 0], ball[..., None, 1]
    # At a body's depth the triangle goes from one bound to the other.
    share = bodies[..., 0] / x
    middle, half = y * share, (1 - share) * GOAL_WIDTH / 2
    inside = (bodies[..., 0] >= 0) & (share <= 1) & (np.abs(bodies[..., 1] - middle) <= half)
    return np.asarray(inside.sum(axis=-1), np.float64)


def _bearings_of_posts(ball: Floats) -> tuple[Floats, Floats]:
    """Radians from the ball to the posts, as seen from the direction straight at the goal line."""
    half = GOAL_WIDTH / 2
    x, y = ball[..., 0], ball[..., 1]
    return np.arctan2(-half - y, x), np.arctan2(half - y, x)


def _hidden(ball: Floats, bodies: Floats, width: Floats) -> tuple[Floats, Floats]:
    """Between which bearings a body hides what is behind it; an empty interval for one that hides nothing."""
    ahead = ball[..., None, 0] - bodies[..., 0]
    aside = bodies[..., 1] - ball[..., None, 1]
    away = np.hypot(ahead, aside)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.arcsin(np.clip(width / 2 / away, 0.0, 1.0))
    bearing = np.arctan2(aside, ahead)
    hides = (ahead > 0) & (bodies[..., 0] >= 0)
    return np.where(hides, bearing - half, 0.0), np.where(hides, bearing + half, 0.0)
