"""Managed spot training: the market of spare capacity as it is here, and what AWS asks of a request.

Settings of the server's own environment:

``MILLRACE_SPOT_INTERRUPTIONS``
    Seconds after the start of its program at which each spot job is interrupted, one value for each attempt:
    ``5,12`` interrupts the first attempt after 5 seconds and the second after 12. None by default.
``MILLRACE_SPOT_PRICE``
    What an hour of a spot instance costs, as a share of the on-demand price. 0.3 by default: 70 % are saved.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.aws.services.sagemaker.validation import ValidationError

INTERRUPTIONS = "MILLRACE_SPOT_INTERRUPTIONS"
PRICE = "MILLRACE_SPOT_PRICE"
DEFAULT_PRICE = 0.3
DEFAULT_MAX_SECONDS = 86_400


@dataclass(frozen=True)
class SpotMarket:
    """When spot jobs are interrupted and what they cost.

    Attributes:
        interruptions: seconds after the start of the program, for each attempt.
        price: share of the on-demand price, above 0 and at most 1.
    """

    interruptions: tuple[float, ...] = ()
    price: float = DEFAULT_PRICE

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "SpotMarket":
        """What the variables say. Raises ValueError for what they may not."""
        given = [text for text in environ.get(INTERRUPTIONS, "").split(",") if text.strip()]
        interruptions = tuple(_number(INTERRUPTIONS, text) for text in given)
        if not all(0 <= seconds < math.inf for seconds in interruptions):
            raise ValueError(f"{INTERRUPTIONS} is {','.join(given)}: give seconds, 0 or more.")
        price = _number(PRICE, environ.get(PRICE) or str(DEFAULT_PRICE))
        if not 0 < price <= 1:
            raise ValueError(f"{PRICE} is {price:g}: give a share, above 0 and at most 1.")
        return cls(interruptions, price)

    def billable(self, seconds: int) -> int:
        """Seconds at the on-demand price that cost as much as this many seconds on spot instances."""
        return max(1, round(seconds * self.price))


def _number(variable: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{variable} holds {text.strip()!r}, which is no number.") from None


class Allowance:
    """The time that a training job has left: of running, over all attempts, and of waiting and running.

    Args:
        condition: the request's `StoppingCondition`.
    """

    def __init__(self, condition: Mapping[str, Any]) -> None:
        self._running = float(condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_SECONDS))
        wait = condition.get("MaxWaitTimeInSeconds")
        self._give_up = math.inf if wait is None else time.monotonic() + wait
        self._since: float | None = None

    def start(self) -> None:
        """A program starts."""
        self._since = time.monotonic()

    def pause(self) -> None:
        """It has ended."""
        self._running -= self.elapsed
        self._since = None

    @property
    def elapsed(self) -> float:
        """Seconds since the program of this attempt started."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    @property
    def has_run(self) -> bool:
        """Whether it has run as long as it may."""
        return self.elapsed > self._running

    @property
    def has_waited(self) -> bool:
        """Whether it has waited and run as long as it may."""
        return time.monotonic() > self._give_up


def check_waiting(request: Mapping[str, Any]) -> None:
    """`MaxWaitTimeInSeconds` belongs to spot jobs and is no shorter than the run.

    Raises:
        ValidationError: in AWS's words.
    """
    condition = request.get("StoppingCondition") or {}
    wait = condition.get("MaxWaitTimeInSeconds")
    run = condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_SECONDS)
    if not request.get("EnableManagedSpotTraining"):
        if wait is not None:
            raise ValidationError(
                "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to "
                "true"
            )
        return
    if wait is None or wait < run:
        raise ValidationError(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
            f"MaxRuntimeInSeconds: it is {'missing' if wait is None else wait}, MaxRuntimeInSeconds is {run}."
        )
