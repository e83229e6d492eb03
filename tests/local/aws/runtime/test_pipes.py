"""Named pipes and their feeder, without S3."""

import os
import threading
import time

import pytest

from local.aws.runtime.pipes import PipeFeeder

SECONDS = 20


class Content:
    """What the pipes hold: for each epoch its blocks; an exception among them is raised."""

    def __init__(self, *epochs):
        self._epochs = epochs

    def _blocks(self, epoch):
        return self._epochs[min(epoch, len(self._epochs) - 1)]

    def size(self, epoch):
        return sum(len(block) for block in self._blocks(epoch) if isinstance(block, bytes))

    def stream(self, epoch):
        for block in self._blocks(epoch):
            if isinstance(block, Exception):
                raise block
            yield block


@pytest.fixture
def feed(tmp_path):
    feeders, said = [], []

    def start(*epochs, patience=60.0):
        feeder = PipeFeeder(tmp_path / "data", "train", Content(*epochs), said.append, patience)
        feeders.append(feeder)
        feeder.start()
        feeder.said, feeder.folder = said, tmp_path / "data"
        return feeder

    yield start
    for feeder in feeders:
        feeder.close()
    assert not [t for t in threading.enumerate() if t.name == "pipe train"]
    assert not list((tmp_path / "data").glob("*"))


def until(look):
    give_up = time.monotonic() + SECONDS
    while not (found := look()):
        assert time.monotonic() < give_up
        time.sleep(0.01)
    return found


def test_every_epoch_has_its_pipe_and_the_next_is_there_when_one_was_read(feed):
    feeder = feed([b"a", b"b" * 3_000_000], [b"second"], [])
    assert [path.name for path in feeder.folder.iterdir()] == ["train_0"]
    assert (feeder.folder / "train_0").read_bytes() == b"a" + b"b" * 3_000_000
    assert (feeder.folder / "train_1").read_bytes() == b"second"
    assert (feeder.folder / "train_2").read_bytes() == b""
    assert [path.name for path in feeder.folder.iterdir()] == ["train_3"]
    assert feeder.standing() is None


def test_a_pipe_closed_early_ends_its_epoch(feed):
    feeder = feed([b"x" * 5_000_000], [b"next"])
    with (feeder.folder / "train_0").open("rb") as pipe:
        assert pipe.read(4) == b"xxxx"
    assert (feeder.folder / "train_1").read_bytes() == b"next"
    assert feeder.error is None


def test_a_reader_that_stops_is_told_of_once_with_what_it_has_read(feed):
    feeder = feed([b"x" * 5_000_000], patience=0.2)
    with (feeder.folder / "train_0").open("rb", buffering=0) as pipe:
        assert len(pipe.read(1000)) == 1000
        until(lambda: feeder.said)
        time.sleep(0.5)
        [sentence] = feeder.said
        assert sentence.startswith("Pipe train_0: its reader has read 1,000 of 5,000,000 bytes and nothing")
        until(feeder.standing)
        rest = 5_000_000 - 1000
        while rest:
            rest -= len(pipe.read(1 << 20))
        assert feeder.standing() is None
        feeder.close()


def test_a_pipe_that_nobody_opens_holds_up_nobody(feed):
    feeder = feed([b"x"])
    assert feeder.standing() == "Pipe train_0 was never opened."
    began = time.monotonic()
    feeder.close()
    assert time.monotonic() - began < 5


def test_an_error_of_the_content_ends_the_pipe_and_is_kept(feed):
    feeder = feed([b"x", ValueError("broken")])
    assert (feeder.folder / "train_0").read_bytes() == b"x"
    assert str(until(lambda: feeder.error)) == "broken"


def test_a_reader_that_dies_while_it_reads_ends_its_epoch(feed):
    feeder = feed([b"x" * 5_000_000], [b"next"])
    if (pid := os.fork()) == 0:
        with (feeder.folder / "train_0").open("rb") as pipe:
            pipe.read(1)
            os.kill(os.getpid(), 9)
    os.waitpid(pid, 0)
    assert (feeder.folder / "train_1").read_bytes() == b"next"
