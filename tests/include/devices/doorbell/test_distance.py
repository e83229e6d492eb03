"""Distances from the length of an echo, on gpiozero's mock pins."""

import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from include.devices.doorbell import distance
from include.devices.doorbell.distance import RangeFinder


class Sensor(MockFactory):
    """Pins with a sensor on them: what it measures is ``echoes``, in seconds; None is silence."""

    def __init__(self) -> None:
        super().__init__()
        self.echoes: list[float | None] = []
        self.now = 100.0
        self.echo = self.pin("BOARD11", pin_class=Echo)
        self.trigger = self.pin("BOARD7", pin_class=Trigger)


class Echo(MockPin):
    """Tells when it changed by the sensor's own time, which no other work of the machine stretches."""

    def _call_when_changed(self):
        super(MockPin, self)._call_when_changed(self.factory.now, self._state)


class Trigger(MockPin):
    """Answers the end of a pulse as the sensor does."""

    def _change_state(self, value):
        if (ended := super()._change_state(value)) and not value and self.factory.echoes:
            seconds = self.factory.echoes.pop(0)
            if seconds is not None:
                self.factory.echo.drive_high()
                self.factory.now += seconds
                self.factory.echo.drive_low()
        return ended


@pytest.fixture
def sensor(monkeypatch):
    monkeypatch.setattr(distance, "ECHO_SECONDS", 0.05)
    monkeypatch.setattr(distance, "SETTLE_SECONDS", 0)
    sensor = Sensor()
    yield sensor
    sensor.reset()


@pytest.fixture
def finder(sensor):
    with RangeFinder(pins=sensor) as finder:
        yield finder


@pytest.mark.parametrize(("seconds", "centimetres"), [(0.01, 171.5), (0.002, 34.3), (30 / 17_150, 30)])
def test_the_echo_takes_twice_the_way(sensor, finder, seconds, centimetres):
    sensor.echoes = [seconds]
    assert finder.centimetres() == pytest.approx(centimetres)


def test_no_echo_is_no_distance(sensor, finder):
    sensor.echoes = [None]
    assert finder.centimetres() is None


def test_an_echo_after_silence_is_measured(sensor, finder):
    sensor.echoes = [0.01, None, 0.002]
    assert [finder.centimetres() for _ in range(3)] == [pytest.approx(171.5), None, pytest.approx(34.3)]


def test_the_end_of_an_older_echo_is_no_distance(sensor, finder):
    sensor.echo.drive_high()
    finder._began = None
    sensor.echo.drive_low()
    assert finder.centimetres() is None


def test_one_stray_echo_counts_for_nothing(sensor, finder):
    sensor.echoes = [0.01, 0.000_2, 0.01]
    assert finder.steady_centimetres() == pytest.approx(171.5)


@pytest.mark.parametrize(
    ("echoes", "is_there"), [([0.01, None, 0.01], True), ([0.01, None, None], False), ([None] * 3, False)]
)
def test_most_measurements_need_an_echo(sensor, finder, echoes, is_there):
    sensor.echoes = list(echoes)
    assert (finder.steady_centimetres() is not None) is is_there


def test_the_pins_are_the_seventh_and_the_eleventh_of_the_header(sensor, finder):
    assert finder._trigger.pin is sensor.trigger
    assert finder._echo.pin is sensor.echo


def test_the_pins_are_free_afterwards(sensor):
    with RangeFinder(pins=sensor):
        pass
    with RangeFinder(pins=sensor) as finder:
        sensor.echoes = [0.01]
        assert finder.centimetres() is not None
