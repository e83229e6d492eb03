"""A port in use is named, with the variable that changes it."""

import socket

import pytest

from local.stack import ports
from local.stack.config import Ports
from local.stack.errors import MillraceError


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def free():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_free_ports_will_do():
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        free = Ports(one.getsockname()[1], other.getsockname()[1])
    ports.check_free(free)


def test_a_taken_port_is_named_with_its_variable(taken, free):
    with pytest.raises(MillraceError, match=rf"Port {taken} .*MILLRACE_AWS_PORT"):
        ports.check_free(Ports(taken, free))
    with pytest.raises(MillraceError, match=rf"Port {taken} .*MILLRACE_AIRFLOW_PORT"):
        ports.check_free(Ports(free, taken))


def test_both_ports_cannot_be_the_same(free):
    with pytest.raises(MillraceError, match=f"both {free}"):
        ports.check_free(Ports(free, free))
