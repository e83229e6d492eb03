"""Gates: what has to hold before a pipeline goes on, and the sentence that says so when it does not."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """Whether a model is good enough, and why."""

    passed: bool
    reason: str


def beats_champion(
    metric: str,
    challenger: float,
    champion: float | None,
    *,
    worst: float,
    lower_is_better: bool = True,
    no_champion: str = "no model serves yet",
) -> Verdict:
    """Compares a new model with the one that serves, both measured on the same rows.

    A tie is not won: replacing a model costs a deployment and gains nothing.

    ``champion`` is None where there is none to compare with, and ``no_champion`` says why; ``worst``
    is the bound that even a first model must keep. All three are in the unit of the metric.
    """
    if not math.isfinite(challenger):
        return Verdict(False, f"{metric} of the new model is {challenger}, not a number")
    within = challenger <= worst if lower_is_better else challenger >= worst
    if not within:
        side = "over" if lower_is_better else "under"
        return Verdict(False, f"{metric} {challenger:.6g} is {side} the bound {worst:.6g}")
    if champion is None:
        return Verdict(True, f"{metric} {challenger:.6g} keeps the bound {worst:.6g}, and {no_champion}")
    if challenger == champion:
        return Verdict(False, f"{metric} {challenger:.6g} ties with the champion")
    wins = challenger < champion if lower_is_better else challenger > champion
    verb = "beats" if wins else "loses to"
    return Verdict(wins, f"{metric} {challenger:.6g} {verb} the champion's {champion:.6g}")


def failed_expectations(report: Mapping[str, Any]) -> Sequence[str]:
    """One sentence for each expectation of a data quality report that was not met."""
    return [item["sentence"] for item in report["expectations"] if not item["success"]]


def check_predictions(predictions: Sequence[float], rows: int, lowest: float, highest: float) -> Verdict:
    """Whether an endpoint answered every row with a number that can be right."""
    if len(predictions) != rows:
        return Verdict(False, f"{len(predictions)} predictions for {rows} rows")
    for row, value in enumerate(predictions, start=1):
        if not lowest <= value <= highest:
            return Verdict(False, f"the prediction for row {row} is {value}, outside {lowest} to {highest}")
    return Verdict(True, f"{rows} predictions between {min(predictions):.4g} and {max(predictions):.4g}")
