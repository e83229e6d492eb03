"""The chance of a goal in the sample: known, so that a model can be measured against it."""

from collections.abc import Mapping

import numpy as np

from goal_view import Floats

PENALTY = 0.77
"""Of penalties in the Bundesliga, as AWS and DFL have reported of their xGoals model in 2020."""
INTERCEPT = -2.75
MOST_SPEED, MOST_NEAREST = 7.0, 4.0
"""Beyond, metres a second and metres make no difference."""
COEFFICIENTS = {
    "distance": -0.075,
    "angle": 1.9,
    "visible_share": 2.2,
    "shooter_speed": -0.05,
    "defenders_in_line": -0.25,
    "nearest_defender": 0.17,
    "keeper_distance": -0.02,
    "keeper_coverage": -1.2,
    "header": -1.2,
    "assist_pass": 0.3,
    "assist_cross": 0.05,
    "assist_set_piece": -0.15,
}
"""What a unit of a feature adds to the log-odds of a goal, of every shot but a penalty."""


def probability(features: Mapping[str, Floats]) -> Floats:
    """The chance of a goal of each shot."""
    capped = {
        **features,
        "shooter_speed": np.minimum(features["shooter_speed"], MOST_SPEED),
        "nearest_defender": np.minimum(features["nearest_defender"], MOST_NEAREST),
    }
    log_odds = INTERCEPT + sum(weight * capped[name] for name, weight in COEFFICIENTS.items())
    return np.where(features["penalty"] > 0, PENALTY, 1 / (1 + np.exp(-log_odds)))
