"""The pieces of a doorbell, without a Raspberry Pi."""

import pytest

pytest.importorskip("gpiozero", reason="gpiozero is not installed")

from include.devices.doorbell.outbox import Outbox


@pytest.fixture
def outbox(tmp_path):
    return Outbox(tmp_path / "outbox")


@pytest.fixture
def recorded(outbox):
    """``recorded(b"...")``: the path of a finished recording with this content."""

    def record(content=b"RIFF", into=outbox):
        file = into.unfinished()
        file.write_bytes(content)
        return into.add(file)

    return record
