"""How far away something is, by an ultrasonic sensor such as the HC-SR04.

The sensor answers a pulse on its trigger with one on its echo that lasts as long as the sound travels.
https://gpiozero.readthedocs.io/en/stable/api_pins.html
"""

import time
from statistics import median
from threading import Event
from typing import Self

from gpiozero import InputDevice, OutputDevice
from gpiozero.pins import Factory

CM_PER_SECOND = 17_150.0
"""Half of the speed of sound, for it goes there and back."""
TRIGGER_SECONDS = 0.000_01
ECHO_SECONDS = 0.1
"""Longest wait for an echo; the sensor's own longest pulse is 38 ms."""
SETTLE_SECONDS = 0.06
"""Between two measurements, so that the first one's sound is gone."""


class RangeFinder:
    """An ultrasonic sensor, as a context manager.

    Args:
        trigger: Pin by gpiozero's name; ``BOARD7`` is the seventh of the header.
        echo: The other pin. It takes 3.3 V, so a 5 V sensor needs a voltage divider.
        pins: gpiozero's factory of pins; its own default where none is given.
    """

    def __init__(
        self, trigger: str = "BOARD7", echo: str = "BOARD11", *, pins: Factory | None = None
    ) -> None:
        self._trigger = OutputDevice(trigger, pin_factory=pins)
        self._echo = InputDevice(echo, pull_up=False, pin_factory=pins)
        self._began: float | None = None
        self._seconds = 0.0
        self._ended = Event()
        self._echo.pin.edges = "both"
        self._echo.pin.when_changed = self._changed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._echo.close()
        self._trigger.close()

    def centimetres(self) -> float | None:
        """The distance to the nearest thing in front; None where no echo came back."""
        self._began = None
        self._ended.clear()
        self._trigger.on()
        time.sleep(TRIGGER_SECONDS)
        self._trigger.off()
        return self._seconds * CM_PER_SECOND if self._ended.wait(ECHO_SECONDS) else None

    def steady_centimetres(self, times: int = 3) -> float | None:
        """The median of some measurements, so that one stray echo counts for nothing.

        None where most of them had no echo.
        """
        found = []
        for _ in range(times):
            found.append(self.centimetres())
            time.sleep(SETTLE_SECONDS)
        distances = [distance for distance in found if distance is not None]
        return median(distances) if 2 * len(distances) > times else None

    def _changed(self, ticks: float, is_high: int) -> None:
        if is_high:
            self._began = ticks
        elif self._began is not None:
            self._seconds = self._echo.pin_factory.ticks_diff(ticks, self._began)
            self._ended.set()
