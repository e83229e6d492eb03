"""How fast somebody moves, of positions in time."""

import numpy as np
from scipy.signal import savgol_coeffs

from goal_view import Floats

FRAME_RATE = 25
"""Positions a second."""
WINDOW = 13
"""Frames around the moment, 0.52 s: noise of a few centimetres at 25 Hz would else be metres a second."""
DEGREE = 2
"""Of the polynomial: acceleration is constant within the window."""


def velocity(track: Floats, rate: float = FRAME_RATE) -> Floats:
    """Metres a second along x and y in the middle of a track (..., WINDOW, 2).

    The derivative of the parabola that fits the positions best: Savitzky and Golay, "Smoothing and
    differentiation of data by simplified least squares procedures" (1964). NaN where a position is missing.

    >>> steps = np.arange(WINDOW)[:, None] / FRAME_RATE
    >>> [round(float(each), 6) for each in velocity(steps * [6.0, 0.0] + steps**2 * [0.0, 1.0])]
    [6.0, 0.48]
    """
    weights = savgol_coeffs(WINDOW, DEGREE, deriv=1, delta=1 / rate, use="dot")
    return np.asarray(np.einsum("...tc,t->...c", track, weights))


def speed(track: Floats, rate: float = FRAME_RATE) -> Floats:
    """Metres a second in the middle of a track (..., WINDOW, 2).

    >>> float(speed(np.full((WINDOW, 2), 3.0)).round(6))
    0.0
    """
    return np.asarray(np.hypot(*np.moveaxis(velocity(track, rate), -1, 0)))
