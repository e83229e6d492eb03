"""Recordings are kept until they are sent, oldest first, and never without bound."""

from include.devices.doorbell.outbox import Outbox


def test_recordings_wait_in_the_order_they_were_made(outbox, recorded):
    made = [recorded() for _ in range(5)]
    assert outbox.waiting() == made


def test_an_unfinished_recording_does_not_wait(outbox):
    outbox.unfinished().write_bytes(b"RI")
    assert outbox.waiting() == []


def test_a_recording_that_arrives_is_announced(outbox, recorded):
    assert not outbox.arrived.is_set()
    recorded()
    assert outbox.arrived.is_set()


def test_recordings_survive_a_restart_and_unfinished_ones_do_not(tmp_path):
    first = Outbox(tmp_path)
    file = first.unfinished()
    file.write_bytes(b"RIFF")
    kept = first.add(file)
    first.unfinished().write_bytes(b"RI")
    assert Outbox(tmp_path).waiting() == [kept]
    assert sorted(tmp_path.iterdir()) == [kept]


def test_the_oldest_go_when_too_many_wait(tmp_path, recorded):
    small = Outbox(tmp_path / "small", most_bytes=250)
    made = [recorded(bytes(100), small) for _ in range(4)]
    assert small.waiting() == made[2:]


def test_the_newest_stays_however_large_it_is(tmp_path, recorded):
    small = Outbox(tmp_path / "small", most_bytes=50)
    recorded(bytes(100), small)
    newest = recorded(bytes(100), small)
    assert small.waiting() == [newest]
