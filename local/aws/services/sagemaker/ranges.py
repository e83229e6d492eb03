"""The ranges of a tuning job's hyperparameters, as distributions to draw from."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from local.aws.services.sagemaker.validation import ValidationError

MANY_DECADES = 1000.0
"""The ratio of the ends of a range from which on `Auto` means `Logarithmic`; AWS does not tell its own."""

Range = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A hyperparameter that is tuned. With `reverse` the distribution is that of 1 - value."""

    name: str
    distribution: CategoricalDistribution | FloatDistribution | IntDistribution
    reverse: bool = False

    def text(self, drawn: Any) -> str:
        """The value as a training job gets it.

        >>> Parameter("momentum", FloatDistribution(0.001, 0.1, log=True), reverse=True).text(0.01)
        '0.99'
        """
        # Rounded, or the difference could leave the range by the last digit.
        return str(round(1 - drawn, 15) if self.reverse else drawn)

    def drawn(self, text: str) -> Any:
        """What must have been drawn for a training job to get this value; None for one outside the range.

        >>> Parameter("depth", IntDistribution(2, 8)).drawn("9") is None
        True
        """
        distribution = self.distribution
        if isinstance(distribution, CategoricalDistribution):
            return text if text in distribution.choices else None
        try:
            number = int(text) if isinstance(distribution, IntDistribution) else float(text)
        except ValueError:
            return None
        number = 1 - number if self.reverse else number
        return number if distribution.low <= number <= distribution.high else None


def parameters(ranges: Mapping[str, Any], static: Mapping[str, str]) -> list[Parameter]:
    """All ranges of a request, sorted by name. Raises `ValidationError` for one that cannot be searched."""
    if ranges.get("AutoParameters"):
        raise ValidationError("AutoParameters are not supported by the local AWS: give ranges.")
    found = sorted(_parameters(ranges), key=lambda parameter: parameter.name)
    names = [parameter.name for parameter in found]
    if not names:
        raise ValidationError("ParameterRanges holds no range: give one hyperparameter at least to tune.")
    for name in names:
        if names.count(name) > 1:
            raise ValidationError(f"Hyperparameter {name} has more than one range: give one.")
        if name in static:
            raise ValidationError(
                f"Hyperparameter {name} is both tuned and static: remove it from StaticHyperParameters."
            )
    return found


def _parameters(ranges: Mapping[str, Any]) -> Iterator[Parameter]:
    for given in ranges.get("IntegerParameterRanges") or []:
        yield _integer(given)
    for given in ranges.get("ContinuousParameterRanges") or []:
        yield _continuous(given)
    for given in ranges.get("CategoricalParameterRanges") or []:
        yield Parameter(given["Name"], CategoricalDistribution(given["Values"]))


def _integer(given: Range) -> Parameter:
    low, high = _ends(given, int)
    scaling = _scaling(given, low, high)
    if scaling == "ReverseLogarithmic":
        raise ValidationError(
            f"ScalingType ReverseLogarithmic of {given['Name']} needs 0 <= x < 1, which no integer range has."
        )
    return Parameter(given["Name"], IntDistribution(int(low), int(high), log=scaling == "Logarithmic"))


def _continuous(given: Range) -> Parameter:
    low, high = _ends(given, float)
    scaling = _scaling(given, low, high)
    if scaling == "ReverseLogarithmic":
        if not 0 <= low <= high < 1:
            raise ValidationError(
                f"ScalingType ReverseLogarithmic of {given['Name']} needs 0 <= x < 1, not {low} to {high}."
            )
        return Parameter(given["Name"], FloatDistribution(1 - high, 1 - low, log=True), reverse=True)
    return Parameter(given["Name"], FloatDistribution(low, high, log=scaling == "Logarithmic"))


def _ends(given: Range, number: Callable[[str], float]) -> tuple[float, float]:
    name = given["Name"]
    try:
        low, high = number(given["MinValue"]), number(given["MaxValue"])
    except ValueError as error:
        raise ValidationError(f"MinValue and MaxValue of {name} must be numbers: {error}.") from error
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValidationError(f"MinValue and MaxValue of {name} must be finite.")
    if low > high:
        raise ValidationError(f"MinValue {low} of {name} is greater than MaxValue {high}: swap them.")
    return low, high


def _scaling(given: Range, low: float, high: float) -> str:
    scaling = str(given.get("ScalingType", "Auto"))
    if scaling == "Logarithmic" and low <= 0:
        raise ValidationError(
            f"ScalingType Logarithmic of {given['Name']} needs values greater than 0; MinValue is {low}."
        )
    if scaling == "Auto":
        return "Logarithmic" if low > 0 and high / low >= MANY_DECADES else "Linear"
    return scaling
