"""Waiting for what no event tells of."""

from datetime import timedelta
from typing import Any

from millrace.sensors.base import AwsSensor


class PollingSensor(AwsSensor):
    """A sensor that looks again after a while, and has no worker meanwhile.

    Args:
        interval: between two looks.
    """

    def __init__(self, *, interval: timedelta = timedelta(seconds=15), **kwargs: Any) -> None:
        super().__init__(mode="reschedule", poke_interval=interval, **kwargs)
