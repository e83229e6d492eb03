"""The outbox is emptied into a bucket, through failures."""

from threading import Event

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from include.devices.doorbell.credentials import DeviceCredentialsError
from include.devices.doorbell.sending import FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS, send_all, to_bucket
from local.aws.server import LocalAws
from tests.local.conftest import connect

OFFLINE = EndpointConnectionError(endpoint_url="https://s3.amazonaws.com")
REFUSED = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")
NO_CREDENTIALS = DeviceCredentialsError("The endpoint does not answer.")


class Waits(Event):
    """Remembers how long it was waited for, waits no time, and is set after some attempts."""

    def __init__(self, attempts: int) -> None:
        super().__init__()
        self.delays: list[float] = []
        self._attempts = attempts

    def wait(self, timeout=None):
        self.delays.append(timeout)
        if len(self.delays) == self._attempts:
            self.set()
        return self.is_set()


class Network:
    """Raises one error after another, then takes what it is given; the last file sets ``stop``."""

    def __init__(self, stop: Event, *errors: Exception, last: int = 1) -> None:
        self.stop = stop
        self.errors = list(errors)
        self.last = last
        self.tried = []
        self.sent = []

    def put(self, file):
        self.tried.append(file)
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(file)
        if len(self.sent) == self.last:
            self.stop.set()


def test_recordings_go_oldest_first_and_leave_the_disk(outbox, recorded):
    made = [recorded() for _ in range(3)]
    network = Network(Event(), last=3)
    send_all(outbox, network.put, network.stop)
    assert network.sent == made
    assert outbox.waiting() == []


@pytest.mark.parametrize("error", [OFFLINE, REFUSED, NO_CREDENTIALS, OSError("no route to host")])
def test_a_failure_keeps_the_recording_and_its_turn(outbox, recorded, error):
    first, second = recorded(), recorded()
    network = Network(Waits(9), error, last=2)
    send_all(outbox, network.put, network.stop)
    assert network.tried == [first, first, second]
    assert outbox.waiting() == []


def test_the_delay_doubles_up_to_a_bound_and_starts_again_after_a_success(outbox, recorded):
    recorded()
    recorded()
    stop = Waits(99)
    network = Network(stop, *[OFFLINE] * 12, last=2)
    put = network.put

    def fails_once_more_after_the_first(file):
        put(file)
        if len(network.sent) == 1 and not network.errors:
            network.errors.append(OFFLINE)

    send_all(outbox, fails_once_more_after_the_first, stop)
    assert stop.delays[:3] == [FIRST_DELAY_SECONDS, 2 * FIRST_DELAY_SECONDS, 4 * FIRST_DELAY_SECONDS]
    assert stop.delays[11] == LONGEST_DELAY_SECONDS
    assert stop.delays[12] == FIRST_DELAY_SECONDS


def test_a_recording_that_was_dropped_meanwhile_is_passed_over(outbox, recorded):
    dropped, kept = recorded(), recorded()
    network = Network(Event())

    def put(file):
        if file == dropped:
            dropped.unlink()
            raise FileNotFoundError(dropped)
        network.put(file)

    send_all(outbox, put, network.stop)
    assert network.sent == [kept]


def test_a_recording_is_an_object_of_its_name(recorded, tmp_path):
    with LocalAws(home=tmp_path / "aws", images=tmp_path / "images", port=0) as aws:
        client = connect(aws.endpoint_url, "s3")
        client.create_bucket(Bucket="recordings")
        file = recorded(b"RIFF....WAVE")
        to_bucket(client, "recordings", "acme/uploads/voice_message/")(file)
        stored = client.get_object(Bucket="recordings", Key=f"acme/uploads/voice_message/{file.name}")
        assert stored["Body"].read() == b"RIFF....WAVE"
    assert stored["ContentType"] == "audio/wav"
