"""What the form asks of a training."""

from dataclasses import dataclass

DETECT = "detect"
"""AutoGluon finds out itself: https://auto.gluon.ai/stable/api/autogluon.tabular.TabularPredictor.html"""


@dataclass(frozen=True)
class FitOptions:
    """``time_limit`` in seconds; ``eval_metric`` and ``problem_type`` may be ``DETECT``."""

    target: str
    time_limit: int = 120
    presets: str = "medium_quality"
    eval_metric: str = DETECT
    problem_type: str = DETECT
