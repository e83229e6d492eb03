"""Positions around the moment of each shot, 25 in a second."""

import numpy as np

from goal_view import Floats
from motion import FRAME_RATE
from situations import Situations, between_posts

HALF = 8
"""Frames before the shot and after it."""
FRAMES = 2 * HALF + 1
NOISE = 0.02
"""Metres, standard deviation of a position: optical tracking is not exact."""
INCOMING, OUTGOING = 4.0, 22.0
"""Metres a second of the ball, relative to the shooter before the shot, and after it."""
OWN_KEEPER = 93.0
"""Metres from the attacked goal to where the shooter's own goalkeeper stands."""


def players(rng: np.random.Generator, situations: Situations) -> Floats:
    """(shots, 22, FRAMES, 2): shooter, mates, own goalkeeper, defenders, goalkeeper."""
    own_keeper = np.broadcast_to([OWN_KEEPER, 0.0], (len(situations.ball), 1, 2))
    at = np.concatenate(
        [
            situations.ball[:, None],
            situations.mates,
            own_keeper,
            situations.defenders,
            situations.keeper[:, None],
        ],
        axis=1,
    )
    path = at[:, :, None] + situations.velocities[:, :, None] * _seconds()[:, None]
    return np.asarray(path + rng.normal(0.0, NOISE, path.shape))


def ball(rng: np.random.Generator, situations: Situations) -> Floats:
    """(shots, FRAMES, 2): it comes to the shooter, and leaves towards the goal line."""
    start, shooter = situations.ball[:, None], situations.velocities[:, None, 0]
    target = np.stack([np.zeros(len(situations.ball)), between_posts(rng, len(situations.ball))], axis=-1)
    way = target - situations.ball
    direction = (way / np.hypot(way[:, 0], way[:, 1])[:, None])[:, None]
    seconds = _seconds()[:, None]
    before = start + shooter * seconds + direction * INCOMING * seconds
    after = start + direction * OUTGOING * seconds
    return np.asarray(np.where(seconds <= 0, before, after))


def _seconds() -> Floats:
    return np.arange(-HALF, HALF + 1) / FRAME_RATE
