"""Who is greeted, and what becomes of their message."""

from threading import Event

import pytest

from include.devices.doorbell.doorbell import Doorbell
from include.devices.doorbell.sound import SoundError


class Porch:
    """Distances one after another, a loudspeaker that counts, and a microphone."""

    def __init__(self, *distances: float | None) -> None:
        self.distances = list(distances)
        self.greetings = 0
        self.is_deaf = False
        self.stop = Event()

    def steady_centimetres(self):
        distance = self.distances.pop(0)
        if not self.distances:
            self.stop.set()
        return distance

    def greet(self):
        self.greetings += 1

    def record(self, file):
        file.write_bytes(b"RI")
        if self.is_deaf:
            raise SoundError("arecord ended with 1: no such device")
        file.write_bytes(b"RIFF")


@pytest.fixture
def watched(outbox):
    """``watched(porch)``: the recordings of all the porch's distances."""

    def watch(porch):
        doorbell = Doorbell(porch, porch.greet, porch.record, outbox)
        while porch.distances:
            doorbell.look()
        return outbox.waiting()

    return watch


@pytest.mark.parametrize("distance", [30.0, 115.0, 200.0])
def test_a_visitor_in_range_is_greeted_and_recorded(watched, distance):
    porch = Porch(distance)
    [recording] = watched(porch)
    assert porch.greetings == 1
    assert recording.read_bytes() == b"RIFF"


@pytest.mark.parametrize("distance", [None, 29.9, 200.1])
def test_nobody_else_is(watched, distance):
    porch = Porch(distance)
    assert watched(porch) == []
    assert porch.greetings == 0


def test_who_stays_is_greeted_once_and_who_comes_back_again(watched):
    porch = Porch(100, 100, 90, None, 100)
    assert len(watched(porch)) == 2
    assert porch.greetings == 2


def test_a_microphone_that_fails_leaves_nothing_and_does_not_end_the_doorbell(watched, outbox, tmp_path):
    porch = Porch(100, None)
    porch.is_deaf = True
    assert watched(porch) == []
    assert list((tmp_path / "outbox").iterdir()) == []
    later = Porch(100)
    assert len(watched(later)) == 1


def test_watching_ends_when_it_is_told_to(outbox):
    porch = Porch(None)
    Doorbell(porch, porch.greet, porch.record, outbox).watch(porch.stop)
    assert porch.distances == []
